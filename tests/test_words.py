"""Names are the terms of the field, and sentences for users are plain technical English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "RELEASING", "SECURITY")),
    ROOT / "docs" / "changelog.d" / "README.md",
]

INSTEAD = {
    "aftermath": "effects",
    "attend": "subscribe, listen",
    "despite": "shield",
    "furnish": "prepare",
    "room": "package, mailroom, limit",
    "settle": "handle",
}
"""Words that were names here and mean something else to everybody, or nothing."""

PUBLIC = {"room", "settle"}
"""Those in names of the contract kit, which authors of channel layers override."""


def words(path: Path) -> Iterator[str]:
    """Yield the words of which the names in a module are made."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.arg(arg=name) | ast.Attribute(attr=name) | ast.Name(id=name):
                pass
            case _:
                continue
        yield from (word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name))


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_names_are_terms_of_the_field(path: Path) -> None:
    """A word that only we use has a better one in the table."""
    used = INSTEAD.keys() & {*words(path)} - (PUBLIC if path.parent.name == "testing" else set())

    assert {word: INSTEAD[word] for word in used} == {}


PLAIN = {
    r"whoever": "name who it is: the caller, the client, a process",
    r"nobody|somebody": "name who it is",
    r"(?<!there )(?:is|are) none": "is not a ..., has no ...",
    r"(?<!there )(?:is|are) no (?=\w+[;,.:])": "is not a ...",
    r"not fit": "does not match, is not valid",
    r"too much": "say which limit",
    r"thrown? away|throws away": "dropped, removed",
    r"for ever": "forever",
    r"as ever|in vain|at will": "say what happens",
    r"anew": "again",
    r"told apart|tells? \w+ apart": "distinguished",
    r"pass(?:ed|es)? over": "skipped, ignored",
}
"""Phrases that leave a reader to guess who or what is meant, or that only a fluent reader knows."""


def instead(text: str) -> dict[str, str]:
    """Return the phrases of a text that have a plainer form, and that form."""
    found = ((re.search(rf"\b(?:{phrase})\b", text, re.IGNORECASE), plain) for phrase, plain in PLAIN.items())
    return {match[0]: plain for match, plain in found if match is not None}


DOCUMENTED = [
    *("exceptions", "worker", "consumer/base", "consumer/http", "consumer/json", "consumer/websocket"),
    *("consumer/message", "consumer/event_stream", "consumer/authentication", "consumer/subprotocols"),
    *("consumer/markers", "messages/message_pack"),
    *("layers/base", "layers/configuration", "layers/gap", "layers/in_memory", "layers/networked"),
    *("layers/registry", "layers/transport", "layers/redis/core", "layers/redis/pubsub"),
    *("messages/event", "messages/group", "messages/request", "middleware/base", "middleware/websocket"),
    *("testing/application", "testing/http", "testing/layer_contract", "testing/websocket"),
]
"""The modules of the classes that users call or derive from."""


def docstrings(path: Path) -> Iterator[str]:
    """Yield the docstrings of a module, and of its public classes and functions."""
    nodes: list[ast.Module | ast.ClassDef] = [ast.parse(path.read_text(encoding="utf-8"))]
    for node in nodes:
        yield ast.get_docstring(node) or ""
        for one in node.body:
            if isinstance(one, ast.ClassDef) and not one.name.startswith("_"):
                nodes.append(one)
            elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not one.name.startswith("_"):
                yield ast.get_docstring(one) or ""


def sentences(path: Path) -> Iterator[str]:
    """Yield the string constants of a module that are no docstrings, such as the texts of errors."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_are_plain_english(path: Path) -> None:
    """A page says who does what, in words that a reader of another language knows."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)

    assert instead(text) == {}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_errors_are_plain_english(path: Path) -> None:
    """So does the text of an error, a warning or a finding."""
    assert instead("\n".join(sentences(path))) == {}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_classes_are_described_in_plain_english(name: str) -> None:
    """Editors show what the docstrings of these classes and their methods say."""
    assert instead("\n".join(docstrings(SOURCE / "fast_channels" / f"{name}.py"))) == {}
