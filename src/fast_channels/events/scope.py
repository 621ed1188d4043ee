"""What a server tells of a connection. ASGI HTTP and WebSocket 2.5, Lifespan 2.0, TLS 0.2."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StrictStr

from .base import AsgiModel, Bytes, Headers, Text, items, none_as


def _endpoint(value: Any) -> Any:
    """Read what servers write for `client` and `server`: granian sends a port as a string, others lists."""
    if type(value) not in {list, tuple}:
        return value
    return (*value[:1], *map(_port, value[1:]))


def _port(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return int(value) if value.isascii() and value.isdigit() else None


Endpoint: TypeAlias = Annotated[
    tuple[StrictStr, int | None],
    BeforeValidator(_endpoint, json_schema_input_type=tuple[str, int | str | None]),
]
Strings: TypeAlias = Annotated[tuple[StrictStr, ...], BeforeValidator(items)]
Extensions: TypeAlias = Annotated[
    dict[StrictStr, dict[str, Any]],
    BeforeValidator(none_as({}), json_schema_input_type=dict[str, dict[str, Any]] | None),
]
QueryString: TypeAlias = Annotated[Bytes, BeforeValidator(none_as(b""), json_schema_input_type=bytes | None)]
Scheme: TypeAlias = Annotated[StrictStr, Field(min_length=1)]
CipherSuite: TypeAlias = Annotated[int, Field(ge=0, le=0xFFFF)]


class AsgiVersions(AsgiModel):
    """The versions of ASGI that a server speaks. ASGI 3.0, "Connection Scope"."""

    version: StrictStr = "2.0"
    spec_version: StrictStr = "2.0"


class TlsExtension(AsgiModel):
    """What the server knows of the TLS connection. ASGI TLS specification 0.2."""

    server_cert: StrictStr | None = None
    client_cert_chain: Strings = ()
    client_cert_name: StrictStr | None = None
    client_cert_error: Annotated[StrictStr, Field(min_length=1)] | None = None
    # Required by the specification, and left out by anycorn.
    tls_version: int | None = None
    cipher_suite: CipherSuite | None = None


class _ConnectionScope(AsgiModel):
    asgi: AsgiVersions = Field(default_factory=AsgiVersions)
    path: Text
    raw_path: Bytes | None = None
    root_path: Text = ""
    headers: Headers
    client: Endpoint | None = None
    server: Endpoint | None = None
    state: dict[str, Any] | None = None
    extensions: Extensions = Field(default_factory=dict)

    @property
    def tls(self) -> TlsExtension | None:
        """The TLS extension, read only when asked for, or `None` on a connection without TLS."""
        offered: Mapping[str, Any] | None = self.extensions.get("tls")
        return None if offered is None else TlsExtension.model_validate(offered)


class HttpScope(_ConnectionScope):
    """One HTTP request. ASGI HTTP and WebSocket specification, "HTTP Connection Scope"."""

    type: Literal["http"] = "http"
    # Not a list of known versions: granian says "1", HTTP/3 servers say "3".
    http_version: StrictStr
    method: StrictStr
    scheme: Scheme = "http"
    query_string: Bytes


class WebSocketScope(_ConnectionScope):
    """One WebSocket. ASGI HTTP and WebSocket specification, "WebSocket Connection Scope"."""

    type: Literal["websocket"] = "websocket"
    http_version: StrictStr = "1.1"
    scheme: Scheme = "ws"
    query_string: QueryString = b""
    subprotocols: Strings = ()


class LifespanScope(AsgiModel):
    """One event loop of a server. ASGI Lifespan specification, "Scope"."""

    type: Literal["lifespan"] = "lifespan"
    asgi: AsgiVersions = Field(default_factory=lambda: AsgiVersions(spec_version="1.0"))
    state: dict[str, Any] | None = None
