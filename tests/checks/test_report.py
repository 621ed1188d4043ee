"""Findings say where they are, and are shown to people, programs and GitHub."""

import json
from pathlib import Path

import pytest

from fast_channels.checks import FORMATS, Finding, check, relative
from fast_channels.consumer import AsyncWebsocketConsumer

ROOT = Path(__file__).parents[2]
GROUPS = ["lobby"]

METHOD = Finding("FC107", "app.Chat.said", "takes 100%,\nand more: b", "src/app.py", 12)
NOWHERE = Finding("FC301", "app.Chat", "has groups", None, None)


class Chat(AsyncWebsocketConsumer):
    """Something is wrong with the class and with a method."""

    groups = GROUPS

    async def receive(self, text_data: str) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # wrong on purpose: the check has to report it


def line_of(start: str) -> int:
    """Return the number of the line of this file that begins with a text."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def test_a_finding_says_where_it_is() -> None:
    """The line of the class, or of the method."""
    places = {one.code: (one.subject, one.path, one.line) for one in check(Chat)}

    assert places == {
        "FC109": (f"{__name__}.Chat.receive", __file__, line_of("    async def receive")),
        "FC301": (f"{__name__}.Chat", __file__, line_of("class Chat")),
    }


def test_a_class_without_a_source_is_nowhere() -> None:
    """Its findings have a name and no place."""
    made = type("Made", (AsyncWebsocketConsumer,), {"__module__": "nowhere", "groups": ["lobby"]})

    (found,) = check(made)

    assert (found.subject, found.path, found.line) == ("nowhere.Made", None, None)


def test_findings_are_in_order_and_once() -> None:
    """Those of a base class are found in each of its subclasses."""
    shown = relative([METHOD, NOWHERE, METHOD], Path.cwd())

    assert shown == [NOWHERE, METHOD]


def test_paths_are_relative_to_a_folder() -> None:
    """As GitHub wants them; others stay as they are."""
    inside = Finding("FC301", "a.B", "x", str(ROOT / "app" / "a.py"), 1)
    outside = Finding("FC301", "b.B", "x", str(ROOT.parent / "b.py"), 1)

    assert {one.path for one in relative([inside, outside], ROOT)} == {"app/a.py", str(ROOT.parent / "b.py")}


def test_the_text_for_people() -> None:
    """One line each, as editors and terminals know it."""
    assert FORMATS["text"]([METHOD, NOWHERE]) == (
        "src/app.py:12: FC107 app.Chat.said: takes 100%,\nand more: b\nFC301 app.Chat: has groups\n"
    )


def test_the_text_for_programs() -> None:
    """A list of objects, empty if nothing is found."""
    assert json.loads(FORMATS["json"]([METHOD])) == [
        {
            "code": "FC107",
            "subject": "app.Chat.said",
            "message": "takes 100%,\nand more: b",
            "path": "src/app.py",
            "line": 12,
        }
    ]
    assert json.loads(FORMATS["json"]([])) == []


def test_the_text_for_github() -> None:
    """Workflow commands, in which some characters have to be written in another way."""
    odd = Finding("FC301", "app.Chat", "x", "a,b:c.py", 1)

    assert FORMATS["github"]([METHOD, NOWHERE, odd]).splitlines() == [
        "::error file=src/app.py,line=12,title=FC107::app.Chat.said: takes 100%25,%0Aand more: b",
        "::error title=FC301::app.Chat: has groups",
        "::error file=a%2Cb%3Ac.py,line=1,title=FC301::app.Chat: x",
    ]


@pytest.mark.parametrize("name", ["text", "github"])
def test_nothing_is_shown_of_nothing(name: str) -> None:
    """Silence is good news."""
    assert FORMATS[name]([]) == ""
