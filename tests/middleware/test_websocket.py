"""Which pages may open a WebSocket."""

from typing import Any
from urllib.parse import urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.middleware import OriginValidator, WebsocketDenier
from fast_channels.middleware.websocket import is_same_domain, origin_of
from fast_channels.testing import WebsocketCommunicator
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope


def validator(*patterns: str) -> OriginValidator:
    """Return a validator before a consumer that accepts everybody."""
    return OriginValidator(AsyncWebsocketConsumer.as_asgi(), patterns)


async def connects(application: Any, *origins: bytes) -> bool:
    """Tell whether a client with these `Origin` headers is let in."""
    communicator = WebsocketCommunicator(
        application, "/", headers=[(b"origin", origin) for origin in origins]
    )
    connected, _ = await communicator.connect()
    await communicator.disconnect()
    return connected


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    [
        ("example.com", "http://example.com", True),
        ("example.com", "https://EXAMPLE.com:8443", True),
        ("EXAMPLE.com", "https://example.com", True),
        ("example.com", "http://www.example.com", False),
        ("example.com", "http://example.com.evil.org", False),
        ("example.com", "http://evil.org/example.com", False),
        ("example.com", "http://example.com@evil.org", False),
        (".example.com", "http://www.example.com", True),
        (".example.com", "http://a.b.example.com", True),
        (".example.com", "http://example.com", True),
        (".example.com", "http://badexample.com", False),
        ("http://example.com", "http://example.com", True),
        ("http://example.com", "http://example.com:80", True),
        ("http://example.com:80", "http://example.com", True),
        ("HTTP://Example.com", "http://example.com", True),
        ("http://example.com", "https://example.com", False),
        ("http://example.com", "http://example.com:8080", False),
        ("https://example.com:8443", "https://example.com:8443", True),
        ("https://example.com:8443", "https://example.com", False),
        ("https://.example.com", "https://www.example.com", True),
        ("https://.example.com", "http://www.example.com", False),
        ("localhost:8000", "http://localhost:8000", True),
        ("localhost:8000", "http://localhost:8001", False),
        ("localhost:80", "http://localhost", True),
        ("localhost:80", "https://localhost", False),
        ("[::1]", "http://[::1]:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("app://host", "app://host", True),
        ("app://host", "app://host:5", False),
        ("*", "http://anything", True),
        ("*", "null", True),
        ("example.com", "null", False),
        ("example.com", "", False),
        ("", "http://example.com", False),
        ("", "http://", False),
        ("https://", "https://", False),
        ("http:/example.com", "http://example.com", False),
    ],
)
async def test_an_origin_is_allowed_by_a_pattern(pattern: str, origin: str, allowed: bool) -> None:
    """Host, and scheme and port where the pattern names them; a leading dot stands for subdomains too."""
    assert await connects(validator(pattern), origin.encode()) is allowed


async def test_one_of_several_patterns_is_enough() -> None:
    """They may come from any iterable, which is read once."""
    application = OriginValidator(AsyncWebsocketConsumer.as_asgi(), (name for name in ("one.org", "two.org")))

    for _ in range(2):
        assert await connects(application, b"https://two.org")
        assert not await connects(application, b"https://three.org")


@pytest.mark.parametrize(
    "origins",
    [
        (),
        (b"http://example.com", b"http://example.com"),
        (b"http://[::1",),
        (b"http://example.com:99999",),
        (b"http://example.com:port",),
        (b"\xff\xfe",),
        (b"http://\xc4\xb1.com",),
    ],
)
async def test_a_malformed_origin_is_refused(origins: tuple[bytes, ...]) -> None:
    """None, several, or one that is none: never an error, and only `*` lets it in."""
    assert not await connects(validator("example.com"), *origins)
    assert await connects(validator("*"), *origins)


@pytest.mark.property
@given(st.binary(max_size=30))
def test_no_origin_is_ever_an_error(origin: bytes) -> None:
    """Whatever a client sends, the answer is yes or no."""
    scope = {"type": "websocket", "headers": [(b"origin", b"http://" + origin)]}

    assert validator("example.com", "*:80").valid_origin(origin_of(scope)) in {True, False}


@pytest.mark.parametrize("pattern", ["http://[::1", "https://example.com:99999", "localhost:port"])
def test_a_malformed_pattern_is_refused_at_once(pattern: str) -> None:
    """Not at the first connection."""
    with pytest.raises(ValueError, match=r"is not a pattern of origins: ") as caught:
        validator(pattern)

    assert repr(pattern) in str(caught.value)


def test_a_star_within_a_pattern_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Existing settings have it, and it never meant anything."""
    application = validator("*.example.com", "*")

    assert "The origin pattern '*.example.com' never matches; did you mean a leading dot?" in caplog.text
    assert len(caplog.records) == 1
    assert not application.match_allowed_origin(urlparse("http://www.example.com"), "*.example.com")


@pytest.mark.parametrize("type_", ["http", "lifespan"])
async def test_what_is_no_websocket_is_passed_on(type_: str) -> None:
    """One validator can stand before a whole application."""
    passed: list[str] = []

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        passed.append(scope["type"])

    async def receive() -> dict[str, Any]:
        return {}

    async def send(event: Any) -> None:
        """Take it."""

    await OriginValidator(application, [])({"type": type_}, receive, send)

    assert passed == [type_]


def test_the_methods_of_the_validator_take_parsed_origins() -> None:
    """Existing subclasses override and call them."""
    application = validator("https://example.com")
    parsed = urlparse("https://example.com")

    assert application.valid_origin(parsed)
    assert application.validate_origin(parsed)
    assert application.match_allowed_origin(parsed, "https://example.com")
    assert not application.valid_origin(None)
    assert not application.validate_origin(None)
    assert not application.match_allowed_origin(None, "example.com")
    assert application.get_origin_port(parsed) == 443
    assert application.get_origin_port(urlparse("http://example.com:81")) == 81
    assert application.get_origin_port(urlparse("app://host")) is None
    assert application.allowed_origins == ["https://example.com"]


async def test_the_denier_refuses_every_handshake() -> None:
    """It is what stands in for an application that a client may not reach."""
    assert not await connects(WebsocketDenier.as_asgi())


@pytest.mark.parametrize(
    ("host", "pattern", "same"),
    [
        ("example.com", "example.com", True),
        ("example.com", "EXAMPLE.com", True),
        ("www.example.com", ".example.com", True),
        ("example.com", ".example.com", True),
        ("badexample.com", ".example.com", False),
        ("example.com", "", False),
        ("", "", False),
    ],
)
def test_a_domain_is_the_same_or_below(host: str, pattern: str, same: bool) -> None:
    """A pattern with a dot in front stands for a domain and all below it."""
    assert is_same_domain(host, pattern) is same


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("https://m\u00fcller.example", b"https://xn--mller-kva.example"),
        ("M\u00dcLLER.example", b"https://xn--mller-kva.example"),
        (".m\u00fcller.example", b"https://chat.xn--mller-kva.example"),
    ],
)
def test_a_name_outside_ascii_is_compared_as_browsers_send_it(pattern: str, origin: bytes) -> None:
    """Browsers send the ASCII form of an internationalised domain name."""
    assert validator(pattern).valid_origin(urlparse(origin.decode()))
    assert not validator(pattern).valid_origin(urlparse("https://xn--other-kva.example"))


@pytest.mark.parametrize("pattern", ["null", "file://", "file:///tmp"])
def test_a_pattern_without_a_host_is_warned_of(pattern: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that a browser sends would match it."""
    validator(pattern)

    assert f"{pattern!r} never matches, because it has no host" in caplog.text
