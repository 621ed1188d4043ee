"""Cookies are read as Starlette and FastAPI read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import cookie_parser

from fast_channels.consumer.cookies import parse_cookies


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        ([], {}),
        ([""], {}),
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        (["a=1; a=2"], {"a": "2"}),
        (["a=x=y; z; =w;;"], {"a": "x=y", "": "w"}),
        (['a="x\\"y\\073 z"; b="; c=\\073'], {"a": 'x"y; z', "b": '"', "c": "\\073"}),
    ],
)
def test_cookies_are_pairs(headers: list[str], cookies: dict[str, str]) -> None:
    """In one header, or in several; what is in quotes is what was quoted."""
    assert parse_cookies(headers) == cookies


@pytest.mark.property
@given(st.text() | st.text(st.sampled_from('ab=; "\\0173')))
def test_whatever_a_client_sends_is_what_starlette_reads(text: str) -> None:
    """So that a consumer and a page of one application have the same session."""
    assert parse_cookies([text]) == cookie_parser(text)
