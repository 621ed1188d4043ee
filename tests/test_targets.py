"""What somebody names is found, and a mistake is a sentence."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from litestar import Litestar, asgi
from litestar import Router as LitestarRouter
from litestar.types import Receive, Scope, Send
from starlette.applications import Starlette
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute

from fast_channels.consumer import AsyncConsumer, AsyncWebsocketConsumer
from fast_channels.middleware import BaseMiddleware, OriginValidator
from fast_channels.targets import Found, Target, TargetError, consumers_in, load

CONSUMER = (
    "from fast_channels.consumer import AsyncWebsocketConsumer\n\n\nclass Chat(AsyncWebsocketConsumer): ...\n"
)


class One(AsyncWebsocketConsumer):
    """A consumer."""


class Two(AsyncWebsocketConsumer):
    """Another one."""


one = One.as_asgi()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Return a function that writes modules into a folder; they are forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}

    def write(**sources: str) -> Path:
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        return tmp_path

    yield write
    for name in {*sys.modules} - before:
        del sys.modules[name]


def names(value: object) -> list[str]:
    """Return the names of the consumers to which a value leads."""
    return [found.consumer.__name__ for found in consumers_in(Target("app:it", value))]


def reason(text: str, folder: Path) -> str:
    """Return why a target cannot be loaded."""
    with pytest.raises(TargetError) as error:
        load(text, folder)
    return str(error.value)


def test_a_module_is_found_in_the_folder(write: Callable[..., Path]) -> None:
    """Before any installed one."""
    target = load("target_app", write(target_app=CONSUMER))

    assert (target.value.__name__, target.name) == ("target_app", "target_app")


def test_an_attribute_is_found(write: Callable[..., Path]) -> None:
    """Also one of an attribute."""
    target = load("target_app:Chat.connect", write(target_app=CONSUMER))

    assert target.value is sys.modules["target_app"].Chat.connect
    assert target.name == "connect"


def test_modules_that_are_loaded_together_share_the_folder(write: Callable[..., Path]) -> None:
    """It is added to the path once."""
    folder = write(target_one=CONSUMER, target_two="import target_one\n")
    load("target_one", folder)
    load("target_two", folder)

    assert sys.path.count(str(folder)) == 1


def test_what_a_module_prints_is_no_output(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The output belongs to the command."""
    load("target_loud", write(target_loud="print('hello')\n"))

    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize("text", ["", "app:", ":Chat", "a b", "app:Chat()", "app::Chat", "../app"])
def test_what_is_no_target(tmp_path: Path, text: str) -> None:
    """The sentence says what is one."""
    assert reason(text, tmp_path).startswith(f"{text!r} is not a target; write module or module:attribute")


@pytest.mark.parametrize("text", ["target_nowhere", "target_nowhere.app:Chat", "target_app.inner"])
def test_a_module_that_does_not_exist(write: Callable[..., Path], text: str) -> None:
    """The sentence says where it was looked for."""
    folder = write(target_app=CONSUMER)

    assert f" in {folder} and none is installed; check --app-dir" in reason(text, folder)


def test_an_attribute_that_does_not_exist(write: Callable[..., Path]) -> None:
    """The sentence says which consumers there are."""
    folder = write(target_app=CONSUMER, target_empty="")

    assert reason("target_app:Chta", folder).startswith("there is no target_app:Chta: <module 'target_app' ")
    assert reason("target_app:Room", folder).endswith("has no attribute Room; it has the consumers Chat")
    assert reason("target_empty:Chat", folder).endswith("has no attribute Chat")
    assert reason("target_app:Chat.__name__.x", folder) == (
        "there is no target_app:Chat.__name__.x: str object has no attribute x"
    )


def test_an_attribute_with_a_slip_of_the_pen(write: Callable[..., Path]) -> None:
    """The sentence asks what was meant, consumer or not."""
    folder = write(target_app=CONSUMER, target_layer="layer = 1")

    assert reason("target_app:Chta", folder).endswith("it has the consumers Chat; did you mean Chat?")
    assert reason("target_layer:layr", folder).endswith("has no attribute layr; did you mean layer?")


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("import target_missing", 1, "ModuleNotFoundError: No module named 'target_missing'"),
        ("raise ModuleNotFoundError", 1, "ModuleNotFoundError"),
        ("x = 1\nx.y", 2, "AttributeError: 'int' object has no attribute 'y'"),
        ("raise SystemExit(3)", 1, "SystemExit: 3"),
        ("raise ValueError('one\\n  two')", 1, "ValueError: one two"),
        ("x = 1\n1 = x", 2, "SyntaxError: "),
        ("import json\n\njson.loads('')", 3, "JSONDecodeError: Expecting value"),
    ],
)
def test_a_module_that_cannot_be_imported(
    write: Callable[..., Path], source: str, line: int, problem: str
) -> None:
    """The sentence says why, and at which line of the application."""
    folder = write(target_bad=source)

    place = f"because of {folder / 'target_bad.py'}, line {line}: {problem}"
    assert reason("target_bad", folder).startswith(f"target_bad cannot be imported, {place}")


def test_a_module_that_is_no_part_of_the_application(write: Callable[..., Path], tmp_path: Path) -> None:
    """Then the sentence has the line that raised."""
    folder = write(target_bad="1 / 0\n")
    sys.path.insert(0, str(folder))
    other = tmp_path / "other"
    other.mkdir()

    assert f"because of {folder / 'target_bad.py'}, line 1: ZeroDivisionError" in reason("target_bad", other)


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("app.py", "app"),
        ("src/chat/main.py:app", "chat.main:app"),
        ("./chat/__init__.py", "chat"),
        ("chat\\main.py", "chat.main"),
        ("chat/", "chat"),
    ],
)
def test_a_file_is_no_target(text: str, module: str, tmp_path: Path) -> None:
    """The sentence says what its module may be called."""
    assert reason(text, tmp_path) == (
        f"{text!r} is not a target; write module or module:attribute, for example {module}"
    )


def test_a_class_stands_for_itself() -> None:
    """Nothing is known of its arguments."""
    assert consumers_in(Target("app:One", One)) == [Found(One, None)]


def test_an_application_stands_for_its_class() -> None:
    """With the arguments of all its consumers."""
    assert consumers_in(Target("app:one", One.as_asgi(limit=1))) == [Found(One, {"limit": 1})]


def test_middleware_stands_for_what_is_behind_it() -> None:
    """The library's, and any other that keeps the application under a usual name."""
    assert names(OriginValidator(One.as_asgi(), ["*"])) == ["One"]
    assert names(BaseMiddleware(SimpleNamespace(app=Two.as_asgi()))) == ["Two"]  # pyright: ignore[reportArgumentType]  # it is never called


def test_an_application_of_a_framework_stands_for_its_routes() -> None:
    """Mounted ones too, and nothing is found twice."""

    async def page() -> None: ...

    inner = Starlette(routes=[WebSocketRoute("/two", Two.as_asgi())])
    app = Starlette(routes=[Route("/", page), WebSocketRoute("/one", One), Mount("/inner", inner)])  # pyright: ignore[reportArgumentType]  # a class is no endpoint of this kind

    assert names(app) == ["One", "Two"]


@asgi("/one", is_mount=True, copy_scope=True)
async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    await one(scope, receive, send)  # pyright: ignore[reportArgumentType]  # it is never called


def closure(consumer: type[AsyncConsumer]) -> Callable[..., Awaitable[None]]:
    """Return a bare application, which knows its consumer from here."""
    behind = consumer.as_asgi()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await behind(scope, receive, send)

    return application


def included() -> FastAPI:
    """Return an application of FastAPI that includes a router."""
    router = APIRouter(prefix="/rooms")
    router.add_websocket_route("/one", One.as_asgi())
    app = FastAPI()
    app.include_router(router)
    return app


def fallback() -> Starlette:
    """Return an application of Starlette without a route."""
    app = Starlette()
    app.router.default = One.as_asgi()
    return app


@pytest.mark.parametrize(
    "value",
    [
        included(),
        FastAPI(routes=[Mount("/rooms", routes=[WebSocketRoute("/one", One.as_asgi())])]),
        Starlette(routes=[Host("one.example", Router([WebSocketRoute("/", One.as_asgi())]))]),
        fallback(),
        Litestar([mounted], openapi_config=None),
        Litestar([LitestarRouter("/rooms", route_handlers=[mounted])], openapi_config=None),
        mounted,
        closure(One),
        partial(closure(One), {}),
    ],
    ids=[
        "included",
        "mounted",
        "host",
        "default",
        "litestar",
        "litestar router",
        "handler",
        "bare",
        "partial",
    ],
)
def test_every_way_to_a_consumer_is_followed(value: object) -> None:
    """Whatever framework the application is of, and without one."""
    assert names(value) == ["One"]


def test_a_name_of_a_function_that_has_no_value_yet_is_passed_over() -> None:
    """The function may be called later."""

    async def application(scope: Any) -> None:
        await later(scope)

    assert names([application, One]) == ["One"]
    later = One.as_asgi()
    assert names(application) == ["One"]


class Slots:
    """Keeps no dictionary, and asks for a name that it has not."""

    __slots__ = ("app", "endpoint")
    app: object
    endpoint: object


def test_a_slot_without_a_value_is_passed_over() -> None:
    """The others are followed."""
    value = Slots()
    value.endpoint = one

    assert names(value) == ["One"]


def test_a_module_stands_for_what_it_defines(write: Callable[..., Path]) -> None:
    """And for what its objects lead to, but not for what it has imported."""
    source = "from target_app import Chat\nimport sys\n"
    folder = write(
        target_app=CONSUMER,
        target_names=source,
        target_serves=f"{source}application = Chat.as_asgi()\n",
        target_uses=f"{source}async def application(scope, receive, send): await Chat.as_asgi()(scope)\n",
        target_borrows="from target_uses import application\n",
    )

    assert [one.consumer.__name__ for one in consumers_in(load("target_app", folder))] == ["Chat"]
    assert [one.arguments for one in consumers_in(load("target_serves", folder))] == [{}]
    assert [one.consumer.__name__ for one in consumers_in(load("target_uses", folder))] == ["Chat"]
    for name in ("target_names", "target_borrows"):
        with pytest.raises(TargetError, match=f"{name} is not a consumer and does not lead to one"):
            consumers_in(load(name, folder))


class Proxy:
    """Knows only later for what it stands."""

    def __getattribute__(self, name: str) -> object:
        """Fail."""
        raise RuntimeError


def test_a_proxy_is_not_asked() -> None:
    """It would fail, as there is no request now."""
    assert names([Proxy(), One]) == ["One"]


@pytest.mark.parametrize("value", [int, 3, None, object(), [], SimpleNamespace(app=None)], ids=type)
def test_what_leads_to_no_consumer(value: object) -> None:
    """The sentence says what does."""
    with pytest.raises(
        TargetError, match="app:it is not a consumer and does not lead to one; name a consumer class"
    ):
        names(value)
