# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, ClassVar
from fast_channels.consumer.base import AsyncConsumer
from fast_channels.exceptions import InvalidParamsError, StopConsumer
from abc import ABCMeta
from typing import Any, Literal, overload

from _typeshed import SupportsKeysAndGetItem
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from fast_channels.consumer.base import BaseSend, Sent
from fast_channels.events.dicts import AsgiVersionsDict
import builtins
from typing_extensions import TypeVar

_Default = TypeVar("_Default")
class _HttpScope(MutableMapping[str, Any], SupportsKeysAndGetItem[str, Any], metaclass=ABCMeta):
    @overload
    def __getitem__(self, key: Literal["asgi"]) -> AsgiVersionsDict: ...
    @overload
    def __getitem__(self, key: Literal["path"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["raw_path"]) -> builtins.bytes | None: ...
    @overload
    def __getitem__(self, key: Literal["root_path"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["headers"]) -> Sequence[tuple[builtins.bytes, builtins.bytes]]: ...
    @overload
    def __getitem__(self, key: Literal["client"]) -> tuple[str, int | None] | None: ...
    @overload
    def __getitem__(self, key: Literal["server"]) -> tuple[str, int | None] | None: ...
    @overload
    def __getitem__(self, key: Literal["state"]) -> dict[str, Any] | None: ...
    @overload
    def __getitem__(self, key: Literal["extensions"]) -> dict[str, dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["http"]: ...
    @overload
    def __getitem__(self, key: Literal["http_version"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["method"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["scheme"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["query_string"]) -> builtins.bytes: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload  # type: ignore[override]  # returns the type of the key, where Mapping returns any value
    def get(self, key: Literal["asgi"], default: None = None) -> AsgiVersionsDict | None: ...
    @overload
    def get(self, key: Literal["asgi"], default: _Default) -> AsgiVersionsDict | _Default: ...
    @overload
    def get(self, key: Literal["path"], default: object = None) -> str: ...
    @overload
    def get(self, key: Literal["raw_path"], default: None = None) -> builtins.bytes | None: ...
    @overload
    def get(self, key: Literal["raw_path"], default: _Default) -> builtins.bytes | None | _Default: ...
    @overload
    def get(self, key: Literal["root_path"], default: None = None) -> str | None: ...
    @overload
    def get(self, key: Literal["root_path"], default: _Default) -> str | _Default: ...
    @overload
    def get(self, key: Literal["headers"], default: object = None) -> Sequence[tuple[builtins.bytes, builtins.bytes]]: ...
    @overload
    def get(self, key: Literal["client"], default: None = None) -> tuple[str, int | None] | None: ...
    @overload
    def get(self, key: Literal["client"], default: _Default) -> tuple[str, int | None] | None | _Default: ...
    @overload
    def get(self, key: Literal["server"], default: None = None) -> tuple[str, int | None] | None: ...
    @overload
    def get(self, key: Literal["server"], default: _Default) -> tuple[str, int | None] | None | _Default: ...
    @overload
    def get(self, key: Literal["state"], default: None = None) -> dict[str, Any] | None: ...
    @overload
    def get(self, key: Literal["state"], default: _Default) -> dict[str, Any] | None | _Default: ...
    @overload
    def get(self, key: Literal["extensions"], default: None = None) -> dict[str, dict[str, Any]] | None: ...
    @overload
    def get(self, key: Literal["extensions"], default: _Default) -> dict[str, dict[str, Any]] | _Default: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["http"]: ...
    @overload
    def get(self, key: Literal["http_version"], default: object = None) -> str: ...
    @overload
    def get(self, key: Literal["method"], default: object = None) -> str: ...
    @overload
    def get(self, key: Literal["scheme"], default: None = None) -> str | None: ...
    @overload
    def get(self, key: Literal["scheme"], default: _Default) -> str | _Default: ...
    @overload
    def get(self, key: Literal["query_string"], default: object = None) -> builtins.bytes: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...
__all__ = ["AsyncHttpConsumer"]

class AsyncHttpConsumer(AsyncConsumer):
    """Serves one HTTP request: `handle()` with the whole body, and `disconnect()` exactly once.

    If `handle()` returns before the response is complete (`more_body=True`), the consumer stays alive:
    handlers of channel-layer events can send the rest, until the response is complete or the client leaves.

    Attributes:
        max_body_size: The largest size of a request body in bytes, `None` for no limit. A request with a
            larger body is answered with status 413, and `handle()` is not called.
        body: The parts of the request body that have arrived.
    """
    max_body_size: ClassVar[int | None]
    """The largest size of a request body in bytes, `None` for no limit. A request with a larger body is answered with status 413, and `handle()` is not called."""
    body: list[bytes]
    """The parts of the request body that have arrived."""
    _sends_itself: ClassVar[bool]
    _stays_open: ClassVar[bool]
    async def send_headers(
        self,
        *,
        status: int = 200,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Begin the response; servers wait for the first part of the body. ASGI, "Response Start".

        Args:
            status: HTTP status code.
            headers: Headers of the response. Any other iterable of pairs, and a mapping, work as well.

        Raises:
            LocalProtocolError: The response has begun already, or a header is not valid.
            ConnectionClosed: The client has left.
        """
    async def send_body(self, body: bytes, *, more_body: bool = False) -> None:
        """Send a part of the response body. ASGI, "Response Body".

        Args:
            body: The part.
            more_body: Whether another part follows. Otherwise the response is complete, and parts that are
                sent later are dropped.

        Raises:
            AssertionError: `body` is not bytes.
            LocalProtocolError: The response has not begun.
            ConnectionClosed: The client has left.
        """
    async def send_response(
        self,
        status: int,
        body: bytes,
        *,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Send a whole response.

        Args:
            status: HTTP status code.
            body: The whole body.
            headers: Headers of the response. Any other iterable of pairs, and a mapping, work as well.

        Raises:
            AssertionError: `body` is not bytes.
            LocalProtocolError: The response has begun already, or a header is not valid.
            ConnectionClosed: The client has left.
        """
    async def receive_body(self, part: bytes) -> None:
        """Handle a part of the request body as it arrives.

        If a class overrides this method, it gets the body in parts. `handle()` is called afterwards with an
        empty body, unless the response is already complete. The next part is read when the method has
        returned, so a slow method slows the client down (backpressure). `max_body_size` limits the sum of all
        parts.

        Args:
            part: The part, which is not empty.
        """
    async def handle(self, body: bytes) -> None:
        """Answer the request, with `send_response()` or with `send_headers()` and `send_body()`.

        Args:
            body: The whole request body.

        Raises:
            NotImplementedError: Always; subclasses override this method.
        """
    async def disconnect(self) -> None:
        """Clean up; nothing can be sent any more.

        Called exactly once for each request, when the response is complete or the client has left.
        """
    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Answer a request whose parameters do not match `Params`, with status 422 and the list of errors.

        Args:
            error: What is wrong with them; the response is a JSON object with its errors.
        """
    def _keep_running(self, work: Coroutine[Any, Any, None], name: str) -> None: ...
    async def _refuse_connection(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None: ...
    @classmethod
    def _set_up(cls) -> None: ...
    scope: _HttpScope | Any
    """The scope of the connection, from the server."""
    base_send: BaseSend | Callable[[Any], Awaitable[None]]
    """Checks an event and sends it to the server."""
    async def send(self, message: Sent) -> None:
        """Send an event to the server.

        Raises:
            LocalProtocolError: The event is not valid, or not legal in the current state; nothing was sent.
            ConnectionClosed: The connection is closed.
        """
    async def http_request(self, message: Any) -> None:
        """Collect the body, and let `handle()` answer when it is complete. ASGI, "Request - receive event".

        Raises:
            LocalProtocolError: `handle()` returned without a response, and the consumer has no channel layer.
            StopConsumer: The response is complete.
        """
    async def http_disconnect(self, message: Any) -> None:
        """Let `disconnect()` clean up. ASGI, "Disconnect - receive event".

        Raises:
            StopConsumer: Always, at the end.
        """
