"""What the strategies invent is legal."""

import subprocess
import sys
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.events import EVENTS, AsgiModel, HttpScope, LifespanScope, WebSocketScope
from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.values import snapshot
from fast_channels.testing.strategies import (
    FIELDS,
    channel_messages,
    channel_names,
    events,
    group_names,
    scopes,
)

SCOPES: dict[str, type[AsgiModel]] = {
    "http": HttpScope,
    "websocket": WebSocketScope,
    "lifespan": LifespanScope,
}


@given(events())
def test_every_event_is_legal(event: dict[str, Any]) -> None:
    """The model of an event accepts what the strategy makes of it, with these values."""
    checked = EVENTS[event["type"]].model_validate(event)

    assert {name for name, value in event.items() if checked[name] is None and value is not None} == set()


def test_every_field_of_every_event_has_values() -> None:
    """A field that a specification adds needs values here."""
    names = {name for model in EVENTS.values() for name in model.model_fields}

    assert names - {"type"} == {*FIELDS}


@given(st.data())
def test_only_the_types_that_were_asked_for_come(data: st.DataObject) -> None:
    """Arguments choose among the events."""
    assert data.draw(events("http.request", "http.disconnect"))["type"] in {"http.request", "http.disconnect"}


def test_an_unknown_type_is_an_error() -> None:
    """There is no event of a type that the specification does not have."""
    with pytest.raises(KeyError):
        events("http.response")


@pytest.mark.parametrize("protocol", ["http", "websocket", "lifespan"])
def test_every_scope_is_legal(protocol: Literal["http", "websocket", "lifespan"]) -> None:
    """The model of a scope accepts what the strategy makes."""

    @given(scopes(protocol))
    def check(scope: dict[str, Any]) -> None:
        assert scope["type"] == protocol
        assert SCOPES[protocol].model_validate(scope)

    check()


@given(channel_names(), group_names())
def test_every_name_is_valid(channel: str, group: str) -> None:
    """Layers accept the names."""
    assert BaseChannelLayer().require_valid_channel_name(channel)
    assert BaseChannelLayer().require_valid_group_name(group)


@given(channel_messages())
def test_every_message_can_be_carried(message: dict[str, Any]) -> None:
    """Layers carry the messages without any change."""
    assert snapshot(message).copy() == message


def test_the_communicators_need_no_hypothesis() -> None:
    """Importing the room imports neither hypothesis nor pytest, which only its extra installs."""
    code = "import sys, fast_channels.testing; print({'hypothesis', 'pytest'} & {*sys.modules})"

    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert output == "set()\n"
