"""When an event is legal: a table for each protocol, and one small machine that reads them."""

from collections.abc import Mapping
from types import MappingProxyType

from .http import HttpConnection
from .lifespan import LifespanConnection
from .machine import Connection
from .table import GONE, Table, Verdict, columns
from .websocket import WebSocketConnection

CONNECTIONS: Mapping[str, type[Connection]] = MappingProxyType(
    {kind.protocol: kind for kind in (HttpConnection, WebSocketConnection, LifespanConnection)}
)
"""The connection classes by the `type` of the scope."""

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
