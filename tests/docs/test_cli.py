"""What the page of the command line says of checkers is what they say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from fast_channels.checks import check
from fast_channels.cli import command as cli
from fast_channels.settings import settings_of

from .pages import ROOT, section

USE = """\
from app import Left, Said
from app_types import ChatClientMessage, ChatServerMessage, RoomEventMessage, handles_chat, handles_room_event

from fast_channels.consumer import AsyncWebsocketConsumer


@handles_chat
@handles_room_event
class Archive(AsyncWebsocketConsumer):
    async def chat_said(self, event: Said) -> None: ...

    async def chat_left(self, message: Said | Left) -> bool:
        return True


class Derived(Archive): ...


archive: type[Archive] = handles_room_event(Derived)


def send(message: ChatClientMessage) -> None: ...


def text_of(message: ChatServerMessage | RoomEventMessage) -> str:
    return message["text"] if message["type"] == "chat.said" else message["type"]


send({"type": "say", "text": "hello"})
send({"type": "say", "text": "hello", "volume": 2})
"""
MISTAKES = {
    "a missing handler": """
        @handles_room_event
        class Wrong(AsyncWebsocketConsumer):
            async def chat_said(self, event: Said) -> None: ...
    """,
    "a handler of another event": """
        @handles_room_event
        class Wrong(AsyncWebsocketConsumer):
            async def chat_said(self, event: Left) -> None: ...

            async def chat_left(self, event: Left) -> None: ...
    """,
    "a handler that is not async": """
        @handles_room_event
        class Wrong(AsyncWebsocketConsumer):
            async def chat_said(self, event: Said) -> None: ...

            def chat_left(self, event: Left) -> None: ...
    """,
    "an override that takes less": """
        class Wrong(Archive):
            async def chat_left(self, message: Said) -> bool: ...
    """,
    "another tag": 'send({"type": "shout", "text": "hello"})',
    "an unknown key": 'send({"type": "say", "text": "hello", "volum": 2})',
    "a key that is missing": 'send({"type": "say"})',
    "a value of another type": 'send({"type": "say", "text": "hello", "volume": "2"})',
    "a key of another message": 'def wrong(message: RoomEventMessage) -> str: return message["text"]',
}


def run(*command: str, cwd: Path) -> str:
    """Run a Python module in a process of its own and return what it prints."""
    path = os.pathsep.join([str(ROOT / "src"), str(cwd)])
    environment = {**os.environ, "PYTHONPATH": path}
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def page() -> str:
    """Return the page."""
    return (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(end: str) -> list[list[str]]:
    """Return the arguments of the commands that the page shows before a text."""
    lines = page().partition(end)[0].splitlines()
    return [line.split()[1:] for line in lines if line.startswith("fast-channels ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module of the page, its types, one that uses them, and one for each mistake."""
    folder = tmp_path_factory.mktemp("application")
    source = section("docs/cli.md", "stubs").source.strip() + "\n"
    sources = {"app": source, "use": USE}
    head = f"{USE}\n\n"
    for number, mistake in enumerate(MISTAKES.values()):
        sources[f"mistake_{number}"] = head + dedent(mistake).strip() + "\n"
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    settings = {"typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    for command in commands("\n## "):
        # Whatever they do is said, and none complains.
        assert "Error" not in run("fast_channels", *command, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, set[str]]:
    """The modules in which each checker finds mistakes, both strict."""
    mypy = run("mypy", "--strict", "--cache-dir", str(folder / "cache"), ".", cwd=folder)
    pyright = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable, cwd=folder))
    return {
        "mypy": {line.partition(".py:")[0] for line in mypy.splitlines() if ": error: " in line},
        "pyright": {Path(one["file"]).stem for one in pyright["generalDiagnostics"]},
    }


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_what_is_right_passes(found: dict[str, set[str]], checker: str) -> None:
    """The module of the page, the types that are written for it, and what uses them."""
    assert found[checker].isdisjoint({"app", "app_types", "use"})


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[*MISTAKES])
def test_a_mistake_is_found(found: dict[str, set[str]], checker: str, number: int) -> None:
    """Both checkers refuse it, and nothing else in that module is wrong."""
    assert f"mistake_{number}" in found[checker]


def test_what_uses_the_types_runs(folder: Path) -> None:
    """The types do nothing when they run."""
    assert run("use", cwd=folder) == ""


def test_the_page_shows_what_is_written(folder: Path) -> None:
    """Each of the statements that it quotes."""
    written = (folder / "app_types.py").read_text(encoding="utf-8")
    quoted = page().partition("writes, among others:\n\n```text\n")[2].partition("```")[0]

    assert all(statement.strip() in written for statement in quoted.split("\n\n"))


def test_the_first_commands_of_the_page_work(folder: Path) -> None:
    """They are those that a reader tries, and they have written what the page says."""
    assert [command[0] for command in commands("\n## ")] == ["--version", "check", "schema", "stubs"]
    assert sorted(path.name for path in (folder / "schemas").iterdir()) == [
        "Chat.client.json",
        "Chat.events.json",
        "Chat.server.json",
    ]
    assert (
        run("fast_channels", *commands("\n## ")[1], cwd=folder) == "checked 1 consumer of app: no findings\n"
    )


def test_the_settings_of_the_page_are_all_there_are(tmp_path: Path) -> None:
    """Each key that a command knows is shown, with a value that it takes."""
    shown = page().partition("## pyproject.toml")[2].partition("```text\n")[2].partition("```")[0]
    (tmp_path / "pyproject.toml").write_text(shown, encoding="utf-8")

    found = settings_of(tmp_path)

    assert {
        command: {*values} for command, values in found.items() if command in {"check", "schema", "stubs"}
    } == {
        "check": {"targets", "app_dir", "ignore", "error_format"},
        "schema": {"targets", "app_dir", "output", "base_uri"},
        "stubs": {"targets", "app_dir", "output"},
    }
    for command, values in found.items():
        known = {parameter.name for parameter in cli.commands[command].params}
        assert {*values} <= known


def test_the_commands_of_the_continuous_integration_exist() -> None:
    """With the options that the page shows."""
    shown = re.findall(r"- run: fast-channels (\w+) (.*)", page())

    assert [name for name, _ in shown] == ["check", "schema", "stubs"]
    for name, arguments in shown:
        cli.commands[name].make_context(name, arguments.split())


def test_what_the_page_checks_is_fine() -> None:
    """Its example has no mistakes."""
    module = section("docs/cli.md", "stubs").run()

    assert check(module.Chat) == []


def test_every_command_is_on_the_page() -> None:
    """As one types it, or on a page to which the page leads."""
    text = "".join((ROOT / "docs" / page).read_text() for page in ("cli.md", "worker.md"))

    assert [name for name in cli.commands if f"fast-channels {name} " not in text] == []
