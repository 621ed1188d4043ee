"""A field of `Params` may say from which part of the connection it comes."""

from typing import Annotated

from pydantic import BaseModel

from fast_channels.consumer import Cookie, Header, Path, Query
from fast_channels.consumer.markers import markers_of


class Params(BaseModel):
    room: Annotated[int, Path()]
    page: Annotated[int, Query(alias="p")] = 1
    last_event_id: Annotated[str | None, Header()] = None
    session: Annotated[str, Cookie()]
    plain: int = 0


def test_the_markers_of_a_model_are_found() -> None:
    """Those of the fields that have one."""
    assert markers_of(Params, {}) == {
        "room": Path(),
        "page": Query("p"),
        "last_event_id": Header(),
        "session": Cookie(),
    }


def test_a_header_has_hyphens() -> None:
    """Unless its marker says otherwise."""
    assert Header().external("last_event_id") == "last-event-id"
    assert Header(convert_underscores=False).external("last_event_id") == "last_event_id"
    assert Cookie().external("session_id") == "session_id"
    parts = [one.part for one in (Path(), Query(), Header(), Cookie())]
    assert parts == ["path", "query", "header", "cookie"]
