"""Shows findings to people, programs and GitHub."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeAlias

from .finding import Finding

__all__ = ["FORMATS", "Report", "relative"]

Report: TypeAlias = Callable[[Iterable[Finding]], str]
"""Makes a text of findings; the text of none is empty, or says so in its own way."""


def relative(findings: Iterable[Finding], folder: Path) -> list[Finding]:
    """Return findings in the order of their places, with paths below a folder relative to it."""
    shown = [replace(one, path=_relative(one.path, folder)) for one in dict.fromkeys(findings)]
    return sorted(shown, key=lambda one: (one.path or "", one.line or 0, one.code, one.subject, one.message))


def _relative(path: str | None, folder: Path) -> str | None:
    if path is None or not Path(path).is_relative_to(folder):
        return path
    return Path(path).relative_to(folder).as_posix()


def _text(findings: Iterable[Finding]) -> str:
    return "".join(f"{_place(one)}{one.code} {one.subject}: {one.message}\n" for one in findings)


def _place(one: Finding) -> str:
    return "" if one.path is None else f"{one.path}:{one.line}: "


def _json(findings: Iterable[Finding]) -> str:
    return json.dumps([asdict(one) for one in findings], indent=2) + "\n"


def _github(findings: Iterable[Finding]) -> str:
    return "".join(f"::error {_properties(one)}::{_data(_sentence(one))}\n" for one in findings)


def _sentence(one: Finding) -> str:
    return f"{one.subject}: {one.message}"


def _properties(one: Finding) -> str:
    values = {"file": one.path, "line": one.line, "title": one.code}
    return ",".join(f"{name}={_property(str(value))}" for name, value in values.items() if value is not None)


# GitHub reads these characters as the end of what they stand in, unless they are written as here.
def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Report] = {"text": _text, "json": _json, "github": _github}
"""How findings can be shown."""
