"""Who is at the other end of a connection: found out before anything of it is handled."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic
from urllib.parse import parse_qsl

from pydantic_core import to_json
from typing_extensions import TypeVar

from fast_channels.consumer.params import JSON_HEADERS
from fast_channels.exceptions import NotAuthenticated, StopConsumer
from fast_channels.type_defs import ChannelScope

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer

__all__ = ["Authenticated", "bearer_token", "session_value"]

User = TypeVar("User")


class Authenticated(Generic[User]):
    """Mixin of consumers that serve nobody of whom they do not know who it is.

        class Chat(Authenticated[User], AsyncWebsocketConsumer):
            async def authenticate(self) -> User:
                return await find_user(bearer_token(self.scope, query="token"))

            async def connect(self) -> None:
                await self.accept()
                await self.send(f"welcome, {self.user.name}")

    `authenticate()` is called once for each connection, when the first event has come and before it is
    handled. If it raises `NotAuthenticated`, the client is told so, and the connection ends: neither
    `connect()`, nor `handle()`, nor `disconnect()` is called for it.

    Attributes:
        scope: The connection scope, which every consumer has.
        user: What `authenticate()` returned.
    """

    scope: ChannelScope
    user: User

    async def authenticate(self) -> User:
        """Return whose connection this is.

        Raises:
            NotAuthenticated: Nobody's that is known.
            NotImplementedError: Always; subclasses have their own.
        """
        raise NotImplementedError(f"{type(self).__name__} is Authenticated, and has no authenticate()")

    async def unauthenticated(self, error: NotAuthenticated) -> None:
        """Answer a connection of which nobody knows whose it is; it ends afterwards.

        By default the client gets `error.status`, 401 if nothing else is said, with the headers of the error
        and a JSON object with its text. A WebSocket is refused so if the server offers denial responses, and
        otherwise with a plain 403.

        Args:
            error: What `authenticate()` raised.

        Raises:
            NotAuthenticated: The connection is of no protocol that ASGI defines.
        """
        refuse: Any = getattr(self, "_refuse_connection", None)
        if refuse is None:
            # Nobody knows how a protocol of the application says so.
            raise error
        await refuse(error.status, [*JSON_HEADERS, *error.headers], to_json({"detail": str(error)}))


async def authenticate(consumer: "AsyncConsumer") -> None:
    """Find out whose connection a consumer serves, if it asks.

    Raises:
        StopConsumer: Nobody's that is known, and the client has been told so.
    """
    if isinstance(consumer, Authenticated):
        try:
            consumer.user = await consumer.authenticate()
        except NotAuthenticated as error:
            await consumer.unauthenticated(error)
            raise StopConsumer from None


def bearer_token(
    scope: Mapping[str, Any], *, query: str | None = None, subprotocol: str | None = None
) -> str:
    """Return the bearer token of a connection. RFC 6750, section 2.

    It is looked for in the header `Authorization`, which browsers cannot set for a WebSocket, and then where
    the arguments say.

    Args:
        scope: The connection scope.
        query: The name of a query parameter that may have it. Servers and proxies write queries into their
            logs, so such a token should be valid for a short time.
        subprotocol: What a subprotocol begins with that has it, such as `"bearer."`. Accept another
            subprotocol, or none: what is accepted is sent back.

    Raises:
        NotAuthenticated: There is none.
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
    """Return a value of the session of a connection, as middleware of Starlette or Django has put it there.

    Args:
        scope: The connection scope.
        key: Under which key the application keeps who has logged in.

    Raises:
        NotAuthenticated: The session has no such value.
        LookupError: The scope has no session, so the middleware that puts it there is missing.
    """
    session = scope.get("session")
    if session is None:
        raise LookupError(
            "the scope has no session: wrap the application in the SessionMiddleware of its framework"
        )
    value = session.get(key)
    if value is None:
        raise NotAuthenticated("nobody has logged in")
    return value
