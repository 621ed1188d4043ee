"""The parameters of path and query are validated before anything else happens."""

import json
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.params import MAX_FIELDS, ParamsReader
from fast_channels.exceptions import InvalidParamsError
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator

DENIAL = {"websocket.http.response": dict[str, Any]()}


class Room(AsyncWebsocketConsumer):
    class Params(BaseModel):
        """Which room, and how."""

        room: int
        tag: list[str] = []
        mode: Literal["read", "write"] = "read"

    async def connect(self) -> None:
        await self.accept()
        await self.send(self.params.model_dump_json())

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.flush()


class Page(AsyncHttpConsumer):
    class Params(BaseModel):
        """Which page."""

        number: int

    async def handle(self, body: bytes) -> None:
        await self.send_response(200, str(self.params.number).encode())

    async def disconnect(self) -> None:
        assert self.params.number == 7


def read(model: type[BaseModel], query: str, **scope: Any) -> Any:
    return ParamsReader(model).read({"query_string": query.encode(), **scope})


def errors_of(model: type[BaseModel], query: bytes, **scope: Any) -> list[dict[str, Any]]:
    with pytest.raises(InvalidParamsError) as raised:
        ParamsReader(model).read({"query_string": query, **scope})
    return raised.value.errors


async def test_a_websocket_knows_its_parameters_when_it_connects() -> None:
    """As an instance of the model."""

    class Polite(Room):
        async def disconnect(self, code: int) -> None: ...

    async with WebsocketCommunicator(Polite, "/?room=7&tag=a&tag=b") as websocket:
        assert await websocket.receive_json_from() == {"room": 7, "tag": ["a", "b"], "mode": "read"}


async def test_parameters_of_the_path_come_from_starlette() -> None:
    """Converted by it, or by the model."""

    class Polite(Room):
        async def disconnect(self, code: int) -> None: ...

    app = Starlette(routes=[WebSocketRoute("/rooms/{room}", Polite.as_asgi())])

    async with WebsocketCommunicator(app, "/rooms/8?mode=write") as websocket:
        assert await websocket.receive_json_from() == {"room": 8, "tag": [], "mode": "write"}


@pytest.mark.parametrize(
    ("extensions", "answer"), [(DENIAL, 422), (None, 1000)], ids=["a response", "a plain close, HTTP 403"]
)
async def test_a_handshake_whose_parameters_do_not_fit_is_refused(
    extensions: dict[str, Any] | None, answer: int
) -> None:
    """Neither `connect()` nor `disconnect()` is called."""
    websocket = WebsocketCommunicator(Room, "/?room=x&mode=execute")
    websocket.scope["extensions"] = extensions or {}

    assert await websocket.connect() == (False, answer)
    await websocket.wait()

    if extensions:
        assert websocket.response_headers == [(b"content-type", b"application/json")]
        assert json.loads(websocket.response_body) == {
            "detail": [
                {
                    "type": "int_parsing",
                    "loc": ["query", "room"],
                    "msg": "Input should be a valid integer, unable to parse string as an integer",
                },
                {
                    "type": "literal_error",
                    "loc": ["query", "mode"],
                    "msg": "Input should be 'read' or 'write'",
                },
            ]
        }


async def test_a_request_whose_parameters_do_not_fit_is_answered_with_422() -> None:
    """And the errors, as FastAPI answers; `handle()` is not called."""
    assert (await HttpCommunicator(Page, "GET", "/?number=7").get_response())["body"] == b"7"

    response = await HttpCommunicator(Page, "GET", "/").get_response()

    assert response["status"] == 422
    assert response["headers"] == [(b"content-type", b"application/json")]
    assert json.loads(response["body"]) == {
        "detail": [{"type": "missing", "loc": ["query", "number"], "msg": "Field required"}]
    }


async def test_an_override_answers_in_its_own_way() -> None:
    """With a close code, for a client that knows no other."""

    class Own(Room):
        async def params_invalid(self, error: InvalidParamsError) -> None:
            await self.accept()
            await self.close(4000, str(error)[:40])

    websocket = WebsocketCommunicator(Own, "/?room=x")
    assert await websocket.connect() == (True, None)
    assert await websocket.receive_close() == (4000, "query.room: Input should be a valid inte")
    await websocket.wait()


async def test_a_consumer_of_another_protocol_raises() -> None:
    """It can answer in `params_invalid()`."""

    class Plain(AsyncConsumer):
        class Params(BaseModel):
            number: int

        async def own_event(self, event: Mapping[str, Any]) -> None:
            """What the protocol is about."""

    application = ApplicationCommunicator(Plain, {"type": "own"})
    await application.send_input({"type": "anything"})

    with pytest.raises(InvalidParamsError, match=r"^query\.number: Field required$"):
        await application.wait()


async def test_a_subclass_inherits_the_parameters() -> None:
    """Or has others."""

    class Derived(Page):
        pass

    assert (await HttpCommunicator(Derived, "GET", "/").get_response())["status"] == 422


async def test_attributes_called_params_are_free_for_those_who_declare_none() -> None:
    """Existing code may have them; so may it have a class `Params` that is no model."""

    class Old(AsyncWebsocketConsumer):
        Params: Any = dict

        async def connect(self) -> None:
            vars(self)["params"] = self.Params(a=1)
            await self.accept(str(vars(self)["params"]["a"]))

    async with WebsocketCommunicator(Old, "/", subprotocols=["1"]):
        pass


class Search(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    words: list[str] | None = Field(None, alias="q")
    sizes: set[int] = Field(default_factory=set[int], validation_alias=AliasChoices("size", "s"))
    page: int = 1


def test_a_list_takes_every_value_that_has_its_name() -> None:
    """Under all its names; in an `Optional` too."""
    assert read(Search, "q=a&q=b").words == ["a", "b"]
    assert read(Search, "words=a").words == ["a"]
    assert read(Search, "s=1&s=2&s=2").sizes == {1, 2}
    assert read(Search, "").words is None


def test_parameters_of_channels_routes_are_found() -> None:
    """Where its URLRouter puts them."""
    assert read(Search, "", url_route={"kwargs": {"page": "3"}}).page == 3
    assert read(Search, "", url_route={}).page == 1
    assert read(Search, "", url_route=None, path_params=None).page == 1


def test_the_path_comes_before_the_query() -> None:
    """A client cannot have another room than the one that the route let it into."""
    assert read(Search, "page=1", path_params={"page": 2}).page == 2
    assert errors_of(Search, b"page=1", path_params={"page": "x"})[0]["loc"] == ["path", "page"]


@pytest.mark.parametrize(
    ("query", "location", "reason"),
    [
        (b"page=1&page=2", ["query", "page"], "Input should be a valid integer"),
        (b"page=", ["query", "page"], "unable to parse string"),
        (b"other=1", ["query", "other"], "Extra inputs are not permitted"),
        (b"page=%ff", ["query"], "cannot be read"),
        (b"page=\xff", ["query"], "cannot be read"),
        (b"&".join([b"q=1"] * (MAX_FIELDS + 1)), ["query"], "cannot be read: Max number of fields exceeded"),
    ],
)
def test_what_does_not_fit_is_told(query: bytes, location: list[str], reason: str) -> None:
    """With the place, and without the value."""
    [error] = errors_of(Search, query)

    assert error["loc"] == location
    assert reason in error["msg"]
    assert "input" not in error


@pytest.mark.property
@given(st.binary(max_size=200))
def test_whatever_a_client_asks_for_is_read_or_refused(query: bytes) -> None:
    """Nothing else can happen."""
    try:
        params = ParamsReader(Search).read({"query_string": query})
    except InvalidParamsError as error:
        params = Search.model_construct()
        json.dumps(error.errors)
    assert isinstance(params, Search)


class Aliased(BaseModel):
    room: int = Field(validation_alias=AliasChoices("room", "r", AliasPath("rooms", 0)))
    other: int = Field(0, alias="o")


@pytest.mark.parametrize("name", ["room", "r"])
@pytest.mark.parametrize("query", ["r=999", "room=999", "rooms=999", "rooms=999&r=999&room=999"])
def test_a_parameter_of_the_path_has_no_other_name_in_the_query(name: str, query: str) -> None:
    """Whatever the router and the application have allowed is what the consumer reads."""
    assert read(Aliased, f"{query}&o=1", path_params={name: 5}) == Aliased(room=5, o=1)


def test_an_error_of_a_long_query_is_short() -> None:
    """Of many mistakes there is the number, and names and reasons are cut and on one line."""

    class Exact(BaseModel):
        model_config = ConfigDict(extra="forbid")

    [error] = errors_of(Exact, b"&".join(b"%%0a%d=1" % index for index in range(900)))
    assert error == {"type": "too_many_errors", "loc": ["query"], "msg": "900 mistakes"}
    with pytest.raises(InvalidParamsError) as raised:
        read(Exact, "&".join(f"%0d%0a%1b{index}{'x' * 1000}=1" for index in range(20)))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000
    assert raised.value.__cause__ is raised.value.__context__ is None
