"""The parameters of a connection are validated before anything else happens."""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from types import new_class
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi import params as fastapi_params
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncWebsocketConsumer,
    Cookie,
    Header,
    Path,
    Query,
)
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


class Guarded(BaseModel):
    """Comes from all parts of a connection."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True)

    room: Annotated[int, Path()]
    authorization: Annotated[str, Header()]
    last_event_id: Annotated[int | None, Header()] = None
    odd_name: Annotated[str, Header(convert_underscores=False)] = ""
    trace: Annotated[list[str], Header("X-Trace")] = []
    token: Annotated[str, Cookie(), Field(max_length=5, validation_alias="t")] = "none"
    session: Annotated[str | None, Cookie("sid")] = None
    tags: Annotated[set[str], Query("tag")] = set()
    page: int = 1


def read_all(
    query: str = "",
    headers: dict[str, str] | Sequence[tuple[str, str]] = (),
    model: type[BaseModel] = Guarded,
    **path: Any,
) -> Any:
    pairs = dict(headers).items() if isinstance(headers, dict) else headers
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    return read(model, query, headers=raw, path_params={"room": 7, **path})


def test_a_field_with_a_marker_comes_from_the_part_that_it_names() -> None:
    """With hyphens for its underscores where that is a header, or under another name."""
    params = read_all(
        "page=2&tag=a&tag=b",
        [
            ("authorization", "Bearer x"),
            ("Last-Event-ID", "41"),
            ("odd_name", "caf\u00e9"),
            ("x-trace", "1"),
            ("x-trace", "2"),
            ("cookie", "t=abc; other=1"),
            ("cookie", 'sid="a\\073b"'),
        ],
    )

    assert params == Guarded.model_construct(
        room=7,
        authorization="Bearer x",
        last_event_id=41,
        odd_name="caf\u00e9",
        trace=["1", "2"],
        token="abc",
        session="a;b",
        tags={"a", "b"},
        page=2,
    )


AUTHORIZED = {"authorization": "x"}


def test_what_is_not_there_is_looked_for_nowhere_else() -> None:
    """Neither a query nor a path is a header, whatever names it takes."""

    class Open(BaseModel):
        authorization: Annotated[str, Header()]
        room: Annotated[int, Query()]

    assert read_all("room=8", AUTHORIZED, Open).room == 8
    missing = r"^header\.authorization: Field required; query\.room: Field required$"
    with pytest.raises(InvalidParamsError, match=missing):
        read_all("authorization=x", (), Open, authorization="x")


@pytest.mark.parametrize(
    ("query", "headers", "location", "reason"),
    [
        ("", {}, ["header", "authorization"], "Field required"),
        ("", {**AUTHORIZED, "last-event-id": "x"}, ["header", "last-event-id"], "should be a valid integer"),
        ("", {**AUTHORIZED, "cookie": "t=123456"}, ["cookie", "t"], "at most 5 characters"),
        ("", [("authorization", "a"), ("authorization", "b")], ["header", "authorization"], "valid string"),
        ("", {**AUTHORIZED, "Last-Event-Id": "-"}, ["header", "last-event-id"], "should be a valid integer"),
        ("page=x", AUTHORIZED, ["query", "page"], "should be a valid integer"),
        ("room=9", AUTHORIZED, ["query", "room"], "Extra inputs are not permitted"),
        ("tags=9", AUTHORIZED, ["query", "tags"], "Extra inputs are not permitted"),
        ("token=9", AUTHORIZED, ["query", "token"], "Extra inputs are not permitted"),
        ("sid=9", AUTHORIZED, ["query", "sid"], "Extra inputs are not permitted"),
    ],
)
def test_an_error_names_the_part_in_which_a_value_was_looked_for(
    query: str, headers: Any, location: list[str], reason: str
) -> None:
    """As FastAPI names it."""
    with pytest.raises(InvalidParamsError) as raised:
        read_all(query, headers)
    [error] = raised.value.errors

    assert error["loc"] == location
    assert reason in error["msg"]


async def test_a_handshake_without_its_header_is_refused() -> None:
    """With 422, as FastAPI does."""

    class Feed(AsyncWebsocketConsumer):
        class Params(BaseModel):
            authorization: Annotated[str, Header()]

        async def connect(self) -> None:
            await self.accept(self.params.authorization)

    websocket = WebsocketCommunicator(Feed, "/?authorization=x")
    websocket.scope["extensions"] = DENIAL
    assert await websocket.connect() == (False, 422)
    assert json.loads(websocket.response_body)["detail"][0]["loc"] == ["header", "authorization"]
    async with WebsocketCommunicator(
        Feed, "/", headers=[(b"authorization", b"chat")], subprotocols=["chat"]
    ) as websocket:
        assert await websocket.receive_nothing()


def of_fastapi(kind: str, **settings: Any) -> Any:
    return getattr(fastapi_params, kind)(**settings)


def test_markers_of_fastapi_mean_what_they_mean_there() -> None:
    """Annotated, or as a default; with what they limit."""

    class Foreign(BaseModel):
        x_token: Annotated[str, of_fastapi("Header", max_length=3)]
        odd_name: Annotated[str, of_fastapi("Header", convert_underscores=False)] = ""
        named: Annotated[str, of_fastapi("Header", alias="X-Name")] = ""
        ads_id: Annotated[str | None, of_fastapi("Cookie")] = None
        room: Annotated[int, of_fastapi("Path")] = 0
        page: int = of_fastapi("Query", default=1)

    headers = {"X-Token": "abc", "odd_name": "o", "x-name": "n", "Cookie": "ads_id=1"}
    assert read_all("x_token=y&room=3&page=2", headers, Foreign) == Foreign.model_construct(
        x_token="abc", odd_name="o", named="n", ads_id="1", room=7, page=2
    )
    with pytest.raises(InvalidParamsError, match=r"^header\.x-token: String should have at most 3 char"):
        read_all("", {"x-token": "abcd"}, Foreign)


async def test_fastapi_reads_the_same() -> None:
    """What a route of it gets of a connection, a consumer gets."""

    class Same(AsyncHttpConsumer):
        class Params(BaseModel):
            x_token: Annotated[str, of_fastapi("Header")]
            many: Annotated[list[int], of_fastapi("Header", alias="X-Many")]
            ads_id: Annotated[str, of_fastapi("Cookie", alias="ads")]
            q: Annotated[str, of_fastapi("Query")]

        async def handle(self, body: bytes) -> None:
            await self.send_response(200, self.params.model_dump_json().encode())

    def route(
        x_token: Annotated[str, of_fastapi("Header")],
        many: Annotated[list[int], of_fastapi("Header", alias="X-Many")],
        ads_id: Annotated[str, of_fastapi("Cookie", alias="ads")],
        q: Annotated[str, of_fastapi("Query")],
    ) -> Any:
        return {"x_token": x_token, "many": many, "ads_id": ads_id, "q": q}

    application = FastAPI()
    application.add_api_route("/route/", route)
    application.mount("/same", Same.as_asgi())
    complete = [(b"x-token", b"t"), (b"x-many", b"1"), (b"x-many", b"2"), (b"cookie", b'x=1; ads="2\\"3"')]
    for headers in (complete, complete[1:], complete[:1], complete[:3]):
        answers = [
            await HttpCommunicator(application, "GET", f"/{name}/?q=1", headers=headers).get_response()
            for name in ("route", "same")
        ]
        status, *others = [answer["status"] for answer in answers]
        assert others == [status]
        of_route, of_same = (json.loads(answer["body"]) for answer in answers)
        if status == 200:
            assert of_same == of_route
        else:
            assert [(one["type"], one["loc"]) for one in of_same["detail"]] == [
                (one["type"], one["loc"]) for one in of_route["detail"]
            ]


class Late(BaseModel):
    token: "Annotated[Later, Header()]"


LATE = ParamsReader(Late)
Later = str


def test_a_model_that_is_complete_later_keeps_its_markers() -> None:
    """Nobody knows them when the consumer is defined."""
    with pytest.raises(InvalidParamsError, match=r"^header\.token: Field required$"):
        LATE.read({"query_string": b"token=x"})
    assert LATE.read({"headers": [(b"token", b"y")]}) == Late(token="y")


def test_string_annotations_may_name_what_is_local() -> None:
    """To the function that defines the consumer; what cannot be resolved is no marker that is passed over."""
    local = of_fastapi("Header")

    class Kind(Enum):
        ONE = "1"

    class Given(BaseModel):
        token: "Annotated[str, local]"

    class Feed(AsyncWebsocketConsumer):
        Params = Given

    assert local
    reader = Feed._rules.params  # pyright: ignore[reportPrivateUsage]  # what a connection would use
    assert reader is not None
    with pytest.raises(InvalidParamsError, match=r"^header\.token"):
        reader.read({"query_string": b"token=x"})

    class Plain(BaseModel):
        token: "Kind"

    assert ParamsReader(Plain).read({"query_string": b"token=1"}) == Plain(token=Kind.ONE)
    with pytest.raises(TypeError, match=r"Given has the annotation .*local.*, which cannot be res"):
        ParamsReader(Given)


def fields(**annotations: Any) -> dict[str, Any]:
    return {"__annotations__": annotations, "__module__": __name__}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (fields(a=Annotated[int, Header(), Cookie()]), "Wrong.a has several markers: Header.*, Cookie.*; k"),
        ({**fields(a=int), "a": Header()}, r"Wrong.a has Header.* as its default; write it into Annotated"),
        (fields(a=Annotated[int, Header]), r"Wrong.a is marked with the class Header; write Header\(\)"),
        (fields(a=Annotated[int, of_fastapi("Body")]), r"Wrong.a is marked with Body\(\) of FastAPI"),
        (fields(a=Annotated[int, of_fastapi("Depends")]), r"Wrong.a is marked with Depends\(\) of FastAPI"),
        (fields(a=Annotated[list[int], Cookie()]), "Wrong.a is a list, and the cookie has one value"),
        (fields(a=Annotated[list[int], Path()]), "Wrong.a is a list, and the path has one value for each"),
        (fields(a=Annotated[Late, Header()]), "Wrong.a is a model with a marker; put markers on its fields"),
        (
            fields(a=Annotated[int, Header(), Field(validation_alias=AliasPath("b", 0))]),
            "Wrong.a has a marker, and an alias that is a path; give the marker an alias",
        ),
        (
            fields(a=Annotated[int, Header()], b=Annotated[int, Field(validation_alias="a")]),
            "Wrong has two fields called a, and one has a marker: rename it",
        ),
    ],
)
def test_a_marker_that_cannot_be_followed_is_told_when_the_class_is_defined(
    body: dict[str, Any], problem: str
) -> None:
    """It would be ignored, or refuse every connection."""
    model = type("Wrong", (BaseModel,), body)

    with pytest.raises(TypeError, match=problem):
        new_class("Feed", (AsyncWebsocketConsumer,), exec_body=lambda names: names.update(Params=model))


NAMES = st.sampled_from(
    ["room", "authorization", "token", "t", "sid", "session", "tag", "tags", "page", "x-trace"]
)


@pytest.mark.property
@given(
    st.lists(st.tuples(NAMES, st.sampled_from("123"))),
    st.dictionaries(NAMES, st.sampled_from("456")),
    st.dictionaries(NAMES, st.sampled_from("789")),
)
def test_no_value_comes_from_another_part(
    query: list[tuple[str, str]], headers: dict[str, str], cookies: dict[str, str]
) -> None:
    """Whatever a client calls its parameters, headers and cookies."""

    class Lenient(Guarded):
        model_config = ConfigDict(extra="ignore")

    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    try:
        params = read_all(urlencode(query), {**headers, "cookie": cookie}, Lenient)
    except InvalidParamsError:
        return

    assert params.room == 7
    assert params.authorization in "456"
    assert set(params.trace) <= {*"456"}
    assert params.token in {"none", *"789"}
    assert params.session in {None, *"789"}
    assert params.tags <= {*"123"}
    assert str(params.page) in "123"
