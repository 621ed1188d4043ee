"""A consumer closes with the codes that it declares."""

from enum import Enum, IntEnum
from types import new_class
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.consumer import AsyncWebsocketConsumer, CloseCodes
from fast_channels.events.close_codes import CLOSE_CODES
from fast_channels.exceptions import LocalProtocolError
from fast_channels.testing import WebsocketCommunicator


class Codes(CloseCodes):
    UNAUTHORIZED = 4401, "there is no token"
    GONE = 4404


class Closing(AsyncWebsocketConsumer):
    close_codes = Codes
    code: int

    async def connect(self) -> None:
        await self.accept()
        try:
            await self.close(self.code)
        except LocalProtocolError as error:
            await self.send(str(error))


async def closed_with(code: Any) -> dict[str, Any]:
    async with WebsocketCommunicator(Closing.as_asgi(code=code), "/") as websocket:
        event: dict[str, Any] = await websocket.receive_output()
        return event


@pytest.mark.parametrize("code", [4401, 4404, Codes.GONE, 1000, 1012])
async def test_a_declared_code_is_sent(code: int) -> None:
    """And so are those of the protocol."""
    assert await closed_with(code) == {"type": "websocket.close", "code": code, "reason": ""}


async def test_a_code_that_is_not_declared_is_an_error_at_the_line_of_the_caller() -> None:
    """It says which are; the connection goes on."""
    assert (await closed_with(4405))["text"] == (
        "Closing closes with 4405, which its close_codes do not declare; "
        "declared: 4401 UNAUTHORIZED, 4404 GONE"
    )


@pytest.mark.parametrize("code", [1005, 2000, 5000])
async def test_a_code_that_nobody_may_send_is_what_it_was(code: int) -> None:
    """Declared or not."""
    assert "text" in await closed_with(code)


@given(st.integers(990, 5010))
async def test_a_client_sees_no_other_code(code: int) -> None:
    """Than those that are declared, and those of the protocol."""
    event = await closed_with(code)

    may_be_sent = any(first <= code <= last for first, last in CLOSE_CODES[:-1])
    assert (event["type"] == "websocket.close") == (may_be_sent or code in {4401, 4404})


class Reserved(IntEnum):
    NO_STATUS = 1005


@pytest.mark.parametrize(
    ("codes", "problem"),
    [
        ([4401], "has to be an enum of close codes, not a list"),
        (Enum("Codes", {"GONE": 4404}), "has to be an enum of close codes, not the class Codes"),
        (Codes.GONE, "has to be an enum of close codes, not a Codes"),
        (Reserved, "has NO_STATUS = 1005; a close frame cannot have that code"),
        (CloseCodes, "has no members; leave it out, or write one"),
    ],
)
def test_what_is_no_enum_of_close_codes_is_said_when_the_class_is_defined(codes: Any, problem: str) -> None:
    """It would refuse every code."""
    with pytest.raises(TypeError, match=f"^Wrong.close_codes {problem}$"):
        new_class("Wrong", (AsyncWebsocketConsumer,), exec_body=lambda names: names.update(close_codes=codes))


def test_a_plain_enum_of_numbers_will_do() -> None:
    """Without meanings."""

    class Plain(IntEnum):
        GONE = 4404

    class Consumer(AsyncWebsocketConsumer):
        close_codes = Plain

    assert Consumer.close_codes is Plain
