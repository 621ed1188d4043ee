"""When an event is legal: a table for each protocol, and one small machine that reads them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fast_channels.late import LateMapping, late

from .states import GONE

_PLACES: Mapping[str, str] = {
    "Connection": "machine",
    "HttpConnection": "http",
    "LifespanConnection": "lifespan",
    "Table": "table",
    "Verdict": "table",
    "WebSocketConnection": "websocket",
    "columns": "table",
}

_found = late(__name__, _PLACES)
if TYPE_CHECKING:
    from .http import HttpConnection
    from .lifespan import LifespanConnection
    from .machine import Connection
    from .table import Table, Verdict, columns
    from .websocket import WebSocketConnection
else:
    # Checkers that knew of this function would take any name for one of the package.
    __getattr__ = _found

CONNECTIONS: Mapping[str, "type[Connection]"] = LateMapping(
    {"http": "HttpConnection", "websocket": "WebSocketConnection", "lifespan": "LifespanConnection"}, _found
)
"""The connection classes by the `type` of the scope, each loaded when it is asked for."""

__all__ = [
    "CONNECTIONS",
    "GONE",
    "Connection",
    "HttpConnection",
    "LifespanConnection",
    "Table",
    "Verdict",
    "WebSocketConnection",
    "columns",
]
