"""Reads what `pyproject.toml` says of the command line: the table `[tool.fast-channels]`."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["SettingsError", "settings_of"]

_TABLE = "tool.fast-channels"
_SHARED: Mapping[str, type] = {"targets": list, "app-dir": str}
_COMMANDS: Mapping[str, Mapping[str, type]] = {
    "check": {"targets": list, "ignore": list, "error-format": str},
    "schema": {"targets": list, "output": str, "base-uri": str},
    "stubs": {"targets": list, "output": str},
}
_PATHS = {"app-dir", "output"}

Values: TypeAlias = dict[str, str | list[str]]


class SettingsError(Exception):
    """The table cannot be used; the text is a sentence for the author of the file."""


def settings_of(folder: Path) -> dict[str, Values]:
    """Return the values of each command: what its own table says, and else what is said for all commands.

    Args:
        folder: Where to look for the file; without one, in the folders above it. Paths that are relative are
            so to the folder of the file, which is also where its targets are looked for unless it says
            otherwise; they are returned as they are from this process's current directory.

    Raises:
        SettingsError: The file is no TOML, or there is an unknown key, or a value of another type.
    """
    file = next(
        (path for one in (folder, *folder.parents) if (path := one / "pyproject.toml").is_file()), None
    )
    if file is None:
        return {}
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except ValueError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}") from error
    table = tool.get("fast-channels", {})
    _check(file, "tool", {"fast-channels": table}, {"fast-channels": dict})
    _check(file, _TABLE, table, {**_SHARED, **dict.fromkeys(_COMMANDS, dict)})
    shared = {name: value for name, value in table.items() if name in _SHARED}
    if "targets" in shared:
        shared.setdefault("app-dir", ".")
    found = {"worker": {name: value for name, value in shared.items() if name == "app-dir"}}
    for command, keys in _COMMANDS.items():
        own = table.get(command, {})
        _check(file, f"{_TABLE}.{command}", own, keys)
        found[command] = shared | own
    return {command: _arguments(values, file.parent) for command, values in found.items()}


def _check(file: Path, name: str, table: Mapping[str, Any], keys: Mapping[str, type]) -> None:
    for key, value in table.items():
        if key not in keys:
            raise SettingsError(f"{file}: [{name}] has no key {key!r}{_meant(key, keys)}")
        if not isinstance(value, keys[key]) or (keys[key] is list and not _strings(value)):
            raise SettingsError(f"{file}: {key} in [{name}] has to be {_KINDS[keys[key]]}, not {value!r}")


_KINDS: Mapping[type, str] = {list: "a list of strings", str: "a string", dict: "a table"}


def _strings(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _meant(key: str, keys: Iterable[str]) -> str:
    known = sorted(keys)
    close = get_close_matches(key.replace("_", "-"), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known keys: {', '.join(known)}"


def _arguments(values: Values, folder: Path) -> Values:
    """Return values by the names that functions give to arguments, with paths as this process sees them."""
    return {
        name.replace("-", "_"): _from_here(folder / value)
        if name in _PATHS and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
