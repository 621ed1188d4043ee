"""What a stub says of a name, so that an editor shows it: the docstring of the source."""

import inspect
import re
from collections.abc import Iterable, Mapping

_SECTION = re.compile(r"\nAttributes:\n((?:(?:    .*)?\n)+)")
_ENTRY = re.compile(r"^    (\w+): ", re.MULTILINE)


def docstring(value: object) -> list[str]:
    """Return the lines of a docstring as a stub has it, none for what has no docstring of its own."""
    function: object = getattr(value, "__func__", value)
    text = getattr(function, "__doc__", None)
    # What is no class, function or property has the docstring of its class.
    if not isinstance(text, str) or text == type(function).__doc__:
        return []
    return quoted(inspect.cleandoc(text))


def quoted(text: str) -> list[str]:
    """Return the lines of a string literal in three quotes."""
    mark = 'r"""' if "\\" in text else '"""'
    first, *others = text.splitlines()
    return [f"{mark}{first}", *others, '"""'] if others else [f'{mark}{first}"""']


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines as the body of something."""
    return ["    " + line if line else line for line in lines]


def attribute_docs(kind: type) -> Mapping[str, str]:
    """Return what a class and its bases say of their attributes, by name."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        section = _SECTION.search(f"{inspect.cleandoc(base.__doc__ or '')}\n")
        if section is not None:
            _, *parts = _ENTRY.split(section.group(1))
            texts = (" ".join(part.split()) for part in parts[1::2])
            found |= dict(zip(parts[::2], texts, strict=True))
    return found
