"""An event that an extension of ASGI adds is one class and one row: everything else follows from them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CLASS = '''

class HttpResponseSparkleEvent(SendEvent):
    """Something that glitters. "Sparkle"."""

    extension = "http.response.sparkle"

    type: Literal["http.response.sparkle"] = "http.response.sparkle"
    colour: Text
'''

ROW = '        "http.response.sparkle": here,\n'

USE = """
from hypothesis import HealthCheck, given, settings
from fast_channels.events import HttpResponseSparkleEvent, HttpSend
from fast_channels.exceptions import LocalProtocolError
from fast_channels.protocol import HttpConnection
from fast_channels.testing.strategies import events

event = {"type": "http.response.sparkle", "colour": "red"}
offered = {"extensions": {"http.response.sparkle": {}}}


def refused(scope, event):
    try:
        HttpConnection(scope).send(event)
    except LocalProtocolError as error:
        return str(error)


assert HttpConnection(offered).send(event) == event
assert "it needs the extension http.response.sparkle" in refused({}, event)
assert "colour: Input should be a valid string" in refused(offered, {**event, "colour": 3})
assert HttpResponseSparkleEvent in HttpSend.__args__


@settings(max_examples=5, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(events("http.response.sparkle"))
def strategies_know_it(event):
    assert isinstance(event["colour"], str)


strategies_know_it()
"""


def python(folder: Path, *arguments: str) -> None:
    """Run the interpreter on the copy."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    for name in ("src", "schemas", "stubs", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_an_event_is_one_class_and_one_row(copy: Path) -> None:
    """It is exported, checked, refused unless it is offered, drawn, and in types, schemas and strategies."""
    events = copy / "src/fast_channels/events/extensions.py"
    events.write_text(events.read_text() + CLASS)
    protocol = copy / "src/fast_channels/protocol/http.py"
    before = '        "http.response.early_hint": here,\n'
    protocol.write_text(protocol.read_text().replace(before, before + ROW))

    python(copy, "-m", "repository_files")

    python(copy, "-c", USE)
    python(copy, "-m", "repository_files", "--check")
    assert "send http.response.sparkle" in (copy / "docs/protocol.md").read_text()
    for name, word in {
        "src/fast_channels/events/__init__.py": '    "HttpResponseSparkleEvent",',
        "src/fast_channels/events/dicts.py": "class HttpResponseSparkleEventDict(TypedDict):",
        "schemas/http.json": '"HttpResponseSparkleEvent"',
        "stubs/fast_channels-stubs/events/extensions.pyi": "class HttpResponseSparkleEvent(SendEvent):",
    }.items():
        assert word in (copy / name).read_text(), name
