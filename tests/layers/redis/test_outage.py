"""What the log says while there is no connection."""

import asyncio

import pytest
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.layers.redis.virtual import FakeServer, linked, times
from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_the_reason_of_an_outage_is_logged_when_it_changes_and_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often the attempts fail, and whichever reason comes in between."""
    server = FakeServer()
    caplog.set_level("INFO")
    async with linked(server) as link:
        server.answers["ASK"] = 1
        await link.ask("ASK")

        server.away = ConnectionError("refused")
        server.cut("cut off")
        await asyncio.sleep(30)
        assert (times(caplog, "cut off"), times(caplog, "refused")) == (1, 1)

        server.away = AuthenticationError("the password has changed")
        await asyncio.sleep(30)
        assert (times(caplog, "refused"), times(caplog, "has changed")) == (1, 1)

        server.away = ConnectionError("refused")
        await asyncio.sleep(2)
        assert times(caplog, "refused") == 2
        await asyncio.sleep(178)
        assert times(caplog, "refused") == 4

        server.away = None
        await link.ask("ASK")
        assert times(caplog, "connected to the server again") == 1
        server.away = ConnectionError("refused")
        server.cut("cut off")
        await asyncio.sleep(2)
        assert (times(caplog, "cut off"), times(caplog, "refused")) == (2, 5)


@in_virtual_time
async def test_what_a_server_says_is_logged_escaped_and_short(caplog: pytest.LogCaptureFixture) -> None:
    """It is on one line, whatever it is."""
    server = FakeServer()
    server.away = ConnectionError("a\r\nb" + "x" * 10_000)
    async with linked(server) as link:
        with pytest.raises(RedisConnectionError):
            await link.ask("ASK")

    message = caplog.messages[0]
    assert message.isprintable()
    assert r"a\r\nb" in message
    assert len(message) < 1000
