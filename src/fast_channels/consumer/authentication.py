"""Authentication: the user of a connection, determined before its first event is handled."""

from collections.abc import Mapping
from typing import Any, Generic
from urllib.parse import parse_qsl

from pydantic_core import to_json
from typing_extensions import TypeVar

from fast_channels.consumer.headers import JSON_HEADERS
from fast_channels.exceptions import NotAuthenticated, StopConsumer
from fast_channels.type_defs import ChannelScope

__all__ = ["Authenticated", "bearer_token", "session_value"]

User = TypeVar("User")


class Authenticated(Generic[User]):
    """Mixin for consumers that serve only authenticated clients.

        class Chat(Authenticated[User], AsyncWebsocketConsumer):
            async def authenticate(self) -> User:
                return await find_user(bearer_token(self.scope, query="token"))

            async def connect(self) -> None:
                await self.accept()
                await self.send(f"welcome, {self.user.name}")

    `authenticate()` is called once for each connection, after the first event has arrived and before it is
    handled. If it raises `NotAuthenticated`, the client is refused and the connection ends; `connect()`,
    `handle()` and `disconnect()` are not called.

    Attributes:
        scope: The scope of the connection.
        user: The return value of `authenticate()`.
    """

    scope: ChannelScope
    user: User

    async def authenticate(self) -> User:
        """Return the user of the connection.

        Raises:
            NotAuthenticated: The client is not authenticated.
            NotImplementedError: Always; subclasses override this method.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement authenticate()")

    async def unauthenticated(self, error: NotAuthenticated) -> None:
        """Answer a client that is not authenticated; the connection ends afterwards.

        By default the client gets `error.status` (401 by default), with the headers of the error and a JSON
        object with its text. A WebSocket is refused with this response if the server offers denial responses,
        and otherwise with a plain 403.

        Args:
            error: The error that `authenticate()` raised.

        Raises:
            NotAuthenticated: The protocol of the connection is neither HTTP nor WebSocket.
        """
        refuse: Any = getattr(self, "_refuse_connection", None)
        if refuse is None:
            # A protocol of the application has no general form of a refusal.
            raise error
        await refuse(error.status, [*JSON_HEADERS, *error.headers], to_json({"detail": str(error)}))


async def authenticate(consumer: Authenticated[Any]) -> None:
    """Authenticate the client of a consumer.

    Raises:
        StopConsumer: The client is not authenticated, and has been refused.
    """
    try:
        consumer.user = await consumer.authenticate()
    except NotAuthenticated as error:
        await consumer.unauthenticated(error)
        raise StopConsumer from None


def bearer_token(
    scope: Mapping[str, Any], *, query: str | None = None, subprotocol: str | None = None
) -> str:
    """Return the bearer token of a connection. RFC 6750, section 2.

    The token is read from the header `Authorization`, which browsers cannot set for a WebSocket. Without this
    header, it is read from the query or the subprotocols, if the arguments name them.

    Args:
        scope: The connection scope.
        query: The name of a query parameter with the token. Servers and proxies write queries into their
            logs, so such a token should be valid for a short time only.
        subprotocol: The prefix of a subprotocol with the token, such as `"bearer."`. Do not pass this
            subprotocol to `accept()`, which would send the token back.

    Raises:
        NotAuthenticated: The connection has no token.
    """
    header = next(
        (
            bytes(value)
            for name, value in scope.get("headers") or ()
            if bytes(name).lower() == b"authorization"
        ),
        None,
    )
    if header is not None:
        scheme, _, token = header.decode("latin-1").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticated("the header Authorization has no bearer token")
        return token.strip()
    found = [*_in_query(scope, query), *_in_subprotocols(scope, subprotocol)]
    if not found:
        raise NotAuthenticated("there is no bearer token")
    return found[0]


def _in_query(scope: Mapping[str, Any], name: str | None) -> list[str]:
    if name is None:
        return []
    pairs = parse_qsl(bytes(scope.get("query_string") or b"").decode("latin-1"))
    return [value for key, value in pairs if key == name]


def _in_subprotocols(scope: Mapping[str, Any], prefix: str | None) -> list[str]:
    if prefix is None:
        return []
    offered = (str(one) for one in scope.get("subprotocols") or ())
    return [one.removeprefix(prefix) for one in offered if one.startswith(prefix) and one != prefix]


def session_value(scope: Mapping[str, Any], key: str) -> Any:
    """Return a value of the session that middleware of Starlette or Django has put into the scope.

    Args:
        scope: The connection scope.
        key: The key under which the application stores the user.

    Raises:
        NotAuthenticated: The session has no such value.
        LookupError: The scope has no session, because the middleware is missing.
    """
    session = scope.get("session")
    if session is None:
        raise LookupError(
            "the scope has no session: wrap the application in the SessionMiddleware of its framework"
        )
    value = session.get(key)
    if value is None:
        raise NotAuthenticated("the session has no user: log in first")
    return value
