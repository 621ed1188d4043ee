"""An auction: bidders over WebSockets, an upload of lots over HTTP, a log, middleware, and its tests."""

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias, assert_never

from pydantic import BaseModel, Field, TypeAdapter
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.events import HttpResponseBodyEvent, WebSocketReceiveEvent
from fast_channels.events.dicts import HttpResponseStartEventDict, WebSocketSendDict
from fast_channels.exceptions import AcceptConnection, ConnectionClosed, DenyConnection, InvalidMessageError
from fast_channels.layers import InMemoryChannelLayer, get_channel_layer, register_channel_layer
from fast_channels.messages import ChannelEvent
from fast_channels.middleware import BaseMiddleware, OriginValidator
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator
from fast_channels.type_defs import ChannelApplication

logger = logging.getLogger(__name__)


class Watch(BaseModel):
    type: Literal["watch"] = "watch"
    lot: int


class Bid(BaseModel):
    type: Literal["bid"] = "bid"
    lot: int
    cents: int = Field(gt=0)


class Price(BaseModel):
    type: Literal["price"] = "price"
    lot: int
    cents: int


class Refused(BaseModel):
    type: Literal["refused"] = "refused"
    because: str


ClientMessage: TypeAlias = Watch | Bid
ServerMessage: TypeAlias = Price | Refused


class PriceChanged(ChannelEvent):
    type: Literal["price.changed"] = "price.changed"
    lot: int
    cents: int


class Prices:
    def __init__(self) -> None:
        self.cents: dict[int, int] = {}

    def raise_to(self, lot: int, cents: int) -> bool:
        if self.cents.get(lot, 0) >= cents:
            return False
        self.cents[lot] = cents
        return True


class Bidder(AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]):
    channel_layer_alias = "auction"

    def __init__(self, prices: Prices) -> None:
        super().__init__()
        self.prices = prices
        self.watched: set[int] = set()

    async def connect(self) -> None:
        token = self.scope["query_string"].decode()
        client = self.scope.get("client")
        if not token:
            raise DenyConnection(401, body=b"a token is needed")
        self.name: str = self.scope.get("user") or token
        logger.info("%s comes from %s", self.name, "nowhere" if client is None else client[0])
        if "auction.v2" in self.scope.get("subprotocols", []):
            raise AcceptConnection
        await self.accept()

    async def receive_json(self, content: ClientMessage) -> ServerMessage | None:
        match content:
            case Watch(lot=lot):
                self.watched.add(lot)
                await self.channel_layer.group_add(f"lot.{lot}", self.channel_name)
                return Price(lot=lot, cents=self.prices.cents.get(lot, 0))
            case Bid(lot=lot, cents=cents) if self.prices.raise_to(lot, cents):
                await self.channel_layer.group_send(f"lot.{lot}", PriceChanged(lot=lot, cents=cents))
                return None
            case Bid():
                return Refused(because="somebody bids more")
            case _:
                assert_never(content)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await self.send_json(
            Refused(because="; ".join(f"{path}: {problem}" for path, problem in error.errors))
        )

    async def price_changed(self, event: PriceChanged) -> None:
        await self.send_json(Price(lot=event.lot, cents=event.cents))

    async def disconnect(self, close_code: int) -> None:
        for lot in self.watched:
            await self.channel_layer.group_discard(f"lot.{lot}", self.channel_name)
        logger.info("%s left with %d", self.name, close_code)


class Log(AsyncWebsocketConsumer):
    groups = ["log"]
    channel_layer_alias = "auction"

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        logger.debug("log: %s", text_data)
        await super().send(text_data, bytes_data, close)

    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        if message["bytes"] is not None:
            await self.close(1003, "text only")
            return
        await super().websocket_receive(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame: WebSocketSendDict = {"type": "websocket.send", "text": text_data}
        try:
            await self.base_send(frame)
        except ConnectionClosed:
            logger.info("gone")

    async def log_line(self, event: dict[str, Any]) -> None:
        await self.send(event["line"])


class Lots(AsyncHttpConsumer):
    max_body_size = 1_000_000

    async def handle(self, body: bytes) -> None:
        if self.scope["method"] != "POST":
            start: HttpResponseStartEventDict = {"type": "http.response.start", "status": 405}
            await self.send(start)
            await self.send({"type": "http.response.body", "body": b"no"})
            return
        lots = TypeAdapter(list[Price]).validate_json(body)
        layer = get_channel_layer("auction")
        if layer is not None:
            for lot in lots:
                await layer.group_send(f"lot.{lot.lot}", PriceChanged(lot=lot.lot, cents=lot.cents))
        await self.send_headers(status=202, headers=[(b"content-type", b"application/json")])
        await self.send(HttpResponseBodyEvent(body=json.dumps(len(lots)).encode()))


class Health(AsyncConsumer):
    async def http_request(self, message: Any) -> None:
        known: dict[str, Any] = {"type": "http.response.start", "status": 204, "headers": []}
        await self.send(known)
        await self.send({"type": "http.response.body", "more_body": False})


class Tokens(BaseMiddleware):
    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        known = {"secret": "ann"}
        await self.inner({**scope, "user": known.get(scope["query_string"].decode())}, receive, send)


def make_app(prices: Prices) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        layer = InMemoryChannelLayer(capacity=50, channel_capacity={"specific.*": 10})
        register_channel_layer("auction", layer)
        yield
        await layer.close()

    bidder = Bidder.as_asgi(prices=prices)
    assert bidder.consumer_class.channel_layer_alias == "auction"
    guarded: ChannelApplication = OriginValidator(Tokens(bidder), ["https://auction.example"])
    routes = [
        WebSocketRoute("/bids", guarded),
        WebSocketRoute("/log", Log.as_asgi()),
        Route("/lots", Lots.as_asgi()),
        Mount("/tokens", Tokens(bidder)),
        Mount("/health", Health.as_asgi()),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def test_a_bid_is_told() -> None:
    app = make_app(Prices())
    origin = [(b"origin", b"https://auction.example")]
    async with (
        app.router.lifespan_context(app),
        WebsocketCommunicator(app, "/bids?secret", headers=origin) as ann,
        WebsocketCommunicator(app, "/log") as log,
    ):
        await ann.send_json_to(Watch(lot=1).model_dump())
        assert Price.model_validate(await ann.receive_json_from()).cents == 0
        await ann.send_to('{"type": "bid"}')
        text = await ann.receive_from()
        assert isinstance(text, str)
        assert Refused.model_validate_json(text).because
        await log.send_to(bytes_data=b"")
        code, reason = await log.receive_close()
        assert (code + 1, reason.upper()) == (1004, "TEXT ONLY")
    response = await HttpCommunicator(app, "/lots", method="GET").get_response()
    assert (response["status"], response["body"]) == (405, b"no")
