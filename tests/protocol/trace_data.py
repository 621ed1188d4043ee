"""What real servers and applications said to each other, read from `tests/data/traces`.

Each line there is one connection: its name, the versions of the server, and its steps in order, which are
`{"scope": ...}`, `{"receive": ...}` or `{"send": ...}`. What JSON cannot hold is an object with a key between
double underscores, which `decode` makes again.
"""

import ast
import gzip
import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeGuard

DATA = Path(__file__).parents[1] / "data" / "traces"
SERVERS = (
    "uvicorn-httptools-sansio",
    "granian-auto-uvloop",
    "granian-h2-tls",
    "granian-prefix",
    "granian-rusttask",
    "granian-uds",
    "granian",
)


class CloseCode(IntEnum):
    """Stands for the enumeration in which the library websockets keeps close codes."""

    PROTOCOL_ERROR = 1002
    NO_STATUS_RECEIVED = 1005
    MESSAGE_TOO_BIG = 1009


class OpenFile:
    """Stands for a file that is open for reading."""

    def fileno(self) -> int:
        """Return a descriptor."""
        return 0


def _some_headers() -> Iterator[tuple[bytes, bytes]]:
    yield b"content-type", b"text/plain"


_OF_TYPE: Mapping[str, Callable[[Any], Any]] = {
    "_io.BufferedReader": lambda _: OpenFile(),
    "dict_items": lambda pairs: dict(pairs).items(),
    "http.HTTPStatus": HTTPStatus,
    "mappingproxy": MappingProxyType,
    "object": lambda _: object(),
    "websockets.frames.CloseCode": CloseCode,
}

_TAGS: Mapping[str, Callable[[Any], Any]] = {
    "__bytearray__": lambda text: bytearray(b64decode(text)),
    "__bytes__": b64decode,
    "__dict_items__": lambda pairs: {decode(name): decode(value) for name, value in pairs},
    "__generator__": lambda _: _some_headers(),
    "__generator_of_tuples__": lambda _: _some_headers(),
    "__list_of_iterators__": lambda _: [iter(pair) for pair in _some_headers()],
    "__memoryview__": lambda text: memoryview(b64decode(text)),
    "__str_surrogates__": ast.literal_eval,
    "__tuple__": lambda values: tuple(decode(values)),
    "__x_bytes__": lambda size: b"x" * size,
    "__x_text__": lambda size: "x" * size,
}


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def decode(value: Any) -> Any:
    """Make again what was recorded, with iterators that have not been read."""
    if _is_array(value):
        return [decode(item) for item in value]
    if not _is_object(value):
        return value
    if "__type__" in value:
        return _OF_TYPE[value["__type__"]](decode(value.get("__value__")))
    tag = next(iter(value), "")
    if tag in _TAGS:
        return _TAGS[tag](value[tag])
    return {key: decode(item) for key, item in value.items()}


@dataclass(frozen=True)
class Step:
    """One event, and which way it went."""

    direction: str
    encoded: Any

    @property
    def event(self) -> Any:
        """What was really passed."""
        return decode(self.encoded)


@dataclass(frozen=True)
class Trace:
    """One connection between a server and an application.

    Attributes:
        name: The server and the case.
        case: What the application or the client tried.
        scope: How the connection began.
        steps: The events, as they came.
    """

    name: str
    case: str
    scope: Mapping[str, Any]
    steps: tuple[Step, ...]


def _trace(line: bytes) -> Trace:
    recorded = json.loads(line)
    name: str = recorded["trace"]
    server = next(server for server in SERVERS if name.startswith(f"{server}-"))
    first, *rest = (Step(*item) for step in recorded["steps"] for item in step.items())
    return Trace(name, name.removeprefix(f"{server}-"), first.event, tuple(rest))


TRACES = tuple(
    _trace(line)
    for path in sorted(DATA.glob("*.jsonl.gz"))
    for line in gzip.decompress(path.read_bytes()).splitlines()
)
