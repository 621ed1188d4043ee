"""The scopes that communicators make are those of a conforming server."""

from collections import OrderedDict
from typing import Any, Unpack
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.events import HttpScope, WebSocketScope
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator
from fast_channels.testing._scope import HeadersInit, ScopeOptions, connection_scope
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope


async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Do nothing."""


def scope_of(
    path: str = "/", headers: HeadersInit | None = None, **options: Unpack[ScopeOptions]
) -> dict[str, Any]:
    """Make a scope of no protocol."""
    return connection_scope(path, headers, {}, options)


def test_http_scope_is_complete() -> None:
    """An HTTP scope has every key of the specification, and no other."""
    scope = HttpCommunicator(application, "/caf%C3%A9?page=2").scope

    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/café",
        "raw_path": b"/caf%C3%A9",
        "query_string": b"page=2",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "extensions": {},
    }


def test_websocket_scope_is_complete() -> None:
    """A WebSocket scope has every key of the specification, and no other."""
    scope = WebsocketCommunicator(application, "/chat?room=1").scope

    assert scope == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/chat",
        "raw_path": b"/chat",
        "query_string": b"room=1",
        "root_path": "",
        "headers": [],
        "subprotocols": [],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "extensions": {},
    }


@given(path=st.text(), query=st.text())
def test_every_path_makes_a_scope_that_conforms(path: str, query: str) -> None:
    """Whatever the test asks for, the models of the specification accept both scopes."""
    try:
        asked = f"/{path}?{query}".encode().decode()
    except UnicodeEncodeError:
        return

    HttpScope.model_validate(HttpCommunicator(application, asked).scope)
    WebSocketScope.model_validate(WebsocketCommunicator(application, asked).scope)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="?#%")))
def test_path_and_raw_path_mean_the_same(rest: str) -> None:
    """`raw_path` is ASCII, and decoded it is `path`."""
    scope = scope_of("/" + rest)

    assert unquote_to_bytes(scope["raw_path"]).decode() == scope["path"] == "/" + rest


def test_percent_encoding_is_not_encoded_again() -> None:
    """What the test has encoded stays as it is; everything else is encoded."""
    scope = scope_of("/a%2Fb c?q=%C3%A9&r=é#fragment")

    assert scope["path"] == "/a/b c"
    assert scope["raw_path"] == b"/a%2Fb%20c"
    assert scope["query_string"] == b"q=%C3%A9&r=%C3%A9"


def test_path_with_two_slashes_is_a_path() -> None:
    """A path that begins with two slashes is not taken for a host."""
    assert scope_of("//double//")["path"] == "//double//"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("wss://user:pass@example.com:8080/p/a?query=string#hash", "/p/a"),
        ("user:pass@example.com:8080/p/a?query=string", "pass@example.com:8080/p/a"),
        ("relative/path", "relative/path"),
    ],
)
def test_path_need_not_begin_with_a_slash(url: str, path: str) -> None:
    """Of a URL the path and the query are used, and a relative path stays as it is."""
    assert scope_of(url)["path"] == path


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Origin", b"http://a"), (b"Cookie", b"x=1")],
        iter([(b"Origin", b"http://a"), (b"Cookie", b"x=1")]),
        {b"Origin": b"http://a", b"Cookie": b"x=1"},
        OrderedDict({b"origin": b"http://a", b"cookie": b"x=1"}),
    ],
)
def test_headers_are_pairs_with_lower_case_names(headers: HeadersInit) -> None:
    """Headers may be any iterable of pairs or any mapping; servers lower-case the names."""
    assert scope_of(headers=headers)["headers"] == [(b"origin", b"http://a"), (b"cookie", b"x=1")]


def test_repeated_headers_are_kept() -> None:
    """A header may occur twice, as cookies do in HTTP/2."""
    headers = [(b"cookie", b"x=1"), (b"cookie", b"y=2")]

    assert scope_of(headers=headers)["headers"] == headers


def test_text_is_no_header() -> None:
    """A header that is text is refused at once, as no server sends it."""
    headers: Any = {"origin": "http://a"}

    with pytest.raises(TypeError):
        scope_of(headers=headers)


def test_options_replace_defaults() -> None:
    """Every option is found in the scope under its own name."""
    options: ScopeOptions = {
        "scheme": "https",
        "client": ("10.0.0.1", 4711),
        "server": ("/run/app.sock", None),
        "root_path": "/api",
        "extensions": {"http.response.trailers": {}},
        "state": {"pool": object()},
    }

    scope = HttpCommunicator(application, "/", **options).scope

    assert {name: scope[name] for name in options} == options


def test_unknown_client_and_server_are_none() -> None:
    """A server that does not know its client says `None`."""
    scope = scope_of(client=None, server=None)

    assert (scope["client"], scope["server"]) == (None, None)


def test_other_options_that_are_none_are_left_alone() -> None:
    """`None` asks for the default of an option that a scope cannot have as `None`."""
    scope = scope_of(extensions=None, state=None, scope=None)

    assert scope["extensions"] == {}
    assert "state" not in scope


def test_keys_of_the_test_win() -> None:
    """`scope` adds keys and replaces any other, so that odd servers can be played."""
    scope = scope_of("/a", scope={"path_params": {"id": 1}, "path": None})

    assert scope["path_params"] == {"id": 1}
    assert scope["path"] is None
    assert "scope" not in scope
