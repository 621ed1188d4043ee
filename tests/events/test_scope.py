"""Scopes are read as real servers write them."""

from typing import Any

import pytest
from pydantic import ValidationError

from fast_channels.events import AsgiVersions, HttpScope, LifespanScope, TlsExtension, WebSocketScope

HTTP: dict[str, Any] = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [],
}
WEBSOCKET: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}


def http(**fields: Any) -> HttpScope:
    """Read the smallest HTTP scope with these fields."""
    return HttpScope.model_validate({**HTTP, **fields})


def websocket(**fields: Any) -> WebSocketScope:
    """Read the smallest WebSocket scope with these fields."""
    return WebSocketScope.model_validate({**WEBSOCKET, **fields})


def test_what_an_http_scope_leaves_out_has_its_default() -> None:
    """The defaults are those of the specification, for a missing `asgi` too."""
    scope = http()

    assert {**scope} == {
        **HTTP,
        "headers": (),
        "asgi": AsgiVersions(version="2.0", spec_version="2.0"),
        "scheme": "http",
        "raw_path": None,
        "root_path": "",
        "client": None,
        "server": None,
        "state": None,
        "extensions": {},
    }


def test_what_a_websocket_scope_leaves_out_has_its_default() -> None:
    """A WebSocket needs a path and headers only; daphne sends no scheme and no version."""
    scope = websocket()

    assert {**scope} == {
        **WEBSOCKET,
        "headers": (),
        "asgi": AsgiVersions(version="2.0", spec_version="2.0"),
        "http_version": "1.1",
        "scheme": "ws",
        "raw_path": None,
        "query_string": b"",
        "root_path": "",
        "client": None,
        "server": None,
        "state": None,
        "subprotocols": (),
        "extensions": {},
    }


def test_what_a_lifespan_scope_leaves_out_has_its_default() -> None:
    """The first version of the lifespan protocol is 1.0."""
    scope = LifespanScope.model_validate({"type": "lifespan"})

    assert {**scope} == {
        "type": "lifespan",
        "asgi": AsgiVersions(version="2.0", spec_version="1.0"),
        "state": None,
    }


@pytest.mark.parametrize("field", ["http_version", "method", "path", "query_string", "headers"])
def test_an_http_scope_needs_its_required_fields(field: str) -> None:
    """A scope without them says nothing of a request."""
    incomplete = {key: value for key, value in HTTP.items() if key != field}

    with pytest.raises(ValidationError, match=field):
        HttpScope.model_validate(incomplete)


@pytest.mark.parametrize("field", ["path", "headers"])
def test_a_websocket_scope_needs_its_required_fields(field: str) -> None:
    """A scope without them says nothing of a WebSocket."""
    incomplete = {key: value for key, value in WEBSOCKET.items() if key != field}

    with pytest.raises(ValidationError, match=field):
        WebSocketScope.model_validate(incomplete)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("127.0.0.1", 80), ("127.0.0.1", 80)),
        (["127.0.0.1", 80], ("127.0.0.1", 80)),
        (("127.0.0.1", "45551"), ("127.0.0.1", 45551)),
        (("127.0.0.1", 0), ("127.0.0.1", 0)),
        (("/run/app.sock", None), ("/run/app.sock", None)),
        (("", "0"), ("", 0)),
        (("/", "t"), ("/", None)),
        (("127.0.0.1", "\u00b2"), ("127.0.0.1", None)),
        (None, None),
    ],
    ids=repr,
)
@pytest.mark.parametrize("field", ["client", "server"])
def test_an_address_is_a_host_and_a_port(field: str, given: Any, expected: Any) -> None:
    """Servers send ports as text, addresses as lists, and a path where there is no port."""
    assert http(**{field: given})[field] == expected
    assert websocket(**{field: given})[field] == expected


@pytest.mark.parametrize(
    "address", ["127.0.0.1", ["127.0.0.1"], ("a", 1, 2), (b"a", 1), ("a", 1.5), ("a", True), 80], ids=repr
)
def test_what_is_no_address_is_refused(address: Any) -> None:
    """Only what a server is known to mean is read as an address."""
    with pytest.raises(ValidationError, match="client"):
        http(client=address)


@pytest.mark.parametrize(
    "headers",
    [[[b"Host", b"a"]], ((b"Host", b"a"),), iter([(b"Host", b"a")])],
    ids=["lists", "tuples", "iterator"],
)
def test_request_headers_are_kept_as_they_came(headers: Any) -> None:
    """The specification asks for lower case and does not promise it."""
    assert http(headers=headers).headers == ((b"Host", b"a"),)


def test_request_headers_are_bytes() -> None:
    """A header is never text."""
    with pytest.raises(ValidationError, match="headers"):
        http(headers=[("host", "a")])


@pytest.mark.parametrize("version", ["1", "1.0", "1.1", "2", "3"])
def test_any_version_of_http_is_accepted(version: str) -> None:
    """Servers name more versions than the specification."""
    assert http(http_version=version).http_version == version


@pytest.mark.parametrize("path", ["*", "http://example.com/a", "/\ufffd", ""])
def test_any_path_is_accepted(path: str) -> None:
    """A request for `*` or for a whole URL is HTTP."""
    assert http(path=path).path == path


def test_only_a_websocket_may_have_no_query_string() -> None:
    """`None` means empty there; for HTTP the specification wants bytes."""
    assert websocket(query_string=None).query_string == b""
    with pytest.raises(ValidationError, match="query_string"):
        http(query_string=None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "websocket"),
        ("method", b"GET"),
        ("path", b"/"),
        ("query_string", "a=1"),
        ("raw_path", "/"),
        ("root_path", None),
        ("scheme", ""),
        ("http_version", 2),
        ("asgi", None),
        ("asgi", {"version": 3}),
        ("state", []),
        ("extensions", ["tls"]),
        ("extensions", {"tls": None}),
    ],
)
def test_a_wrong_value_is_refused(field: str, value: Any) -> None:
    """Nothing in a scope is converted."""
    with pytest.raises(ValidationError, match=field):
        http(**{field: value})


def test_subprotocols_are_any_iterable_of_text() -> None:
    """Lists and tuples are the same offer, and a text is not a list of letters."""
    assert websocket(subprotocols=["chat", "v2"]).subprotocols == ("chat", "v2")
    with pytest.raises(ValidationError, match="subprotocols"):
        websocket(subprotocols="chat")
    with pytest.raises(ValidationError, match="subprotocols"):
        websocket(subprotocols=[b"chat"])


def test_extensions_may_be_none() -> None:
    """A server may say that it has none."""
    assert http(extensions=None).extensions == {}


def test_what_a_server_adds_is_kept() -> None:
    """Additional keys are never errors, in `asgi` and in extensions too."""
    scope = http(
        asgi={"version": "3.0", "x": 1},
        extensions={"http.response.priority": {"weight": 15}},
        **{"aws.event": {"a": 1}},
    )

    assert scope["aws.event"] == {"a": 1}
    assert scope.asgi["x"] == 1
    assert scope.extensions == {"http.response.priority": {"weight": 15}}


def test_a_scope_can_be_written_again() -> None:
    """As plain dictionaries and lists, with defaults filled in and without None."""
    scope = http(client=("127.0.0.1", "80"), headers=[(b"a", b"1")], asgi={"version": "3.0"})

    assert scope.to_asgi() == {
        **HTTP,
        "headers": [(b"a", b"1")],
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "scheme": "http",
        "root_path": "",
        "client": ["127.0.0.1", 80],
        "extensions": {},
    }


@pytest.mark.parametrize("scope", [http(), websocket()], ids=["http", "websocket"])
def test_without_tls_there_is_no_tls(scope: HttpScope | WebSocketScope) -> None:
    """A connection without TLS has no such extension."""
    assert scope.tls is None


def test_tls_is_read_when_it_is_asked_for() -> None:
    """The fields are those of the TLS specification; the chain may be a tuple."""
    scope = websocket(
        extensions={
            "tls": {
                "server_cert": "PEM",
                "client_cert_chain": ("leaf", "root"),
                "client_cert_name": "CN=a",
                "client_cert_error": None,
                "tls_version": 0x0304,
                "cipher_suite": 0x1301,
            }
        }
    )

    assert scope.tls == TlsExtension(
        server_cert="PEM",
        client_cert_chain=("leaf", "root"),
        client_cert_name="CN=a",
        tls_version=0x0304,
        cipher_suite=0x1301,
    )


def test_tls_without_a_version_is_tls() -> None:
    """Servers leave out what they do not know, though the specification requires it."""
    assert http(extensions={"tls": {}}).tls == TlsExtension()


@pytest.mark.parametrize(
    ("field", "value"),
    [("cipher_suite", -1), ("cipher_suite", 0x10000), ("client_cert_error", ""), ("tls_version", "1.3")],
)
def test_a_strange_tls_extension_does_no_harm_until_it_is_read(field: str, value: Any) -> None:
    """Only an application that asks for TLS hears of it."""
    scope = http(extensions={"tls": {field: value}})

    with pytest.raises(ValidationError, match=field):
        _ = scope.tls
