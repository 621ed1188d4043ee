"""The command line: what it writes, what it says, and how it ends."""

import importlib
import json
import os
import platform
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pydantic
import pytest
from click.testing import CliRunner, Result

from fast_channels import __version__
from fast_channels.__main__ import main
from fast_channels.checks import CODES
from fast_channels.cli import command
from fast_channels.installation import how_to_install

SOURCE = Path(__file__).parents[1] / "src"

MESSAGES = """\
from typing import Literal

from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.messages import ChannelEvent


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str
"""
GOOD = f"""{MESSAGES}

class Chat(AsyncJsonWebsocketConsumer[Say, Said]):
    async def receive_json(self, content: Say) -> Said:
        return Said(text=content.text)

    async def chat_said(self, event: Said) -> None:
        await self.send_json(event)


application = Chat.as_asgi()
"""
BAD = f"""{MESSAGES}

class Chat(AsyncJsonWebsocketConsumer[Say, Said]):
    groups = ["lobby"]

    def connect(self) -> None: return print()
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that writes the module `cli_app` into the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(source: str) -> None:
        sys.modules.pop("cli_app", None)
        importlib.invalidate_caches()
        # Of another length, so that nobody takes it for what was compiled before.
        (tmp_path / "cli_app.py").write_text(source, encoding="utf-8")

    yield write
    sys.modules.pop("cli_app", None)


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(command, arguments, prog_name="fast-channels")


def execute(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "fast_channels", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )


def names_in(folder: Path) -> list[str]:
    """Return the names of the files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_clean_application(app: Callable[[str], None]) -> None:
    """It says what was checked, and the exit code is 0."""
    app(GOOD)

    result = run("check", "cli_app", "cli_app:Chat", "cli_app:application")

    sentence = "checked 1 consumer of cli_app, cli_app:Chat, cli_app:application: no findings\n"
    assert (result.exit_code, result.output) == (0, sentence)


def test_an_application_with_mistakes(app: Callable[[str], None], tmp_path: Path) -> None:
    """Each is a line with its place, and the exit code is 1."""
    app(BAD)

    result = run("check", "cli_app", "cli_app:Chat")

    assert result.exit_code == 1
    assert [line.partition(" cli_app")[0] for line in result.stdout.splitlines()] == [
        "cli_app.py:19: FC207",
        "cli_app.py:19: FC301",
        "cli_app.py:22: FC108",
        "checked 1 consumer of",
    ]
    assert result.stdout.endswith(" of cli_app, cli_app:Chat: 3 findings\n")


def test_findings_for_programs_and_for_github(app: Callable[[str], None]) -> None:
    """The exit code is the same in all formats."""
    app(BAD)

    for_programs = run("check", "cli_app", "--error-format", "json")
    for_github = run("check", "cli_app", "--error-format", "github")

    assert {one["code"] for one in json.loads(for_programs.stdout)} == {"FC108", "FC207", "FC301"}
    assert for_github.stdout.startswith("::error file=cli_app.py,line=19,title=FC207::cli_app.Chat: ")
    assert (for_programs.exit_code, for_github.exit_code) == (1, 1)


def test_findings_can_be_passed_over(app: Callable[[str], None]) -> None:
    """By their codes."""
    app(BAD)

    some = run("check", "cli_app", "--ignore", "FC207", "--ignore", "FC108")
    none = run("check", "cli_app", "--ignore", "FC207", "--ignore", "FC108", "--ignore", "FC301")

    assert (some.exit_code, some.stdout.count("\n")) == (1, 2)
    assert some.stdout.endswith("checked 1 consumer of cli_app: 1 finding, 2 ignored\n")
    assert none.exit_code == 0
    assert none.stdout == "checked 1 consumer of cli_app: no findings, 3 ignored\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "cli_app:Nobody"),
        ("check", "cli_nowhere"),
        ("check", "cli_app:Say"),
        ("check", "cli_app", "--ignore", "FC999"),
        ("check", "cli_app", "--app-dir", "nowhere"),
        ("check", "cli_app", "--error-format", "xml"),
        ("check",),
        ("schema", "cli_app"),
        ("schema", "cli_app:Say", "-o", "schemas"),
        ("schema", "cli_app", "-o", "cli_app.py"),
        ("schema", "cli_app", "-o", "-", "--check"),
        ("stubs", "cli_app", "-", "--check"),
        ("schema", "cli_app", "-o", "cli_app.py/schemas"),
        ("stubs", "cli_app:Say", "-o", "types.py"),
        ("stubs", "cli_app", "-o", "."),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done(app: Callable[[str], None], arguments: tuple[str, ...]) -> None:
    """A sentence on the standard error says why, and the exit code is 2."""
    app(GOOD)

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


def test_the_usage_is_shown_to_whoever_typed_it_wrong(app: Callable[[str], None]) -> None:
    """And not to whoever named an application that cannot be used."""
    app(GOOD)

    assert run("check").stderr.startswith("Usage: ")
    assert run("check", "cli_app:Nobody").stderr.startswith("Error: there is no cli_app:Nobody")


def test_findings_are_explained(app: Callable[[str], None]) -> None:
    """A check says how, and the explanation has a reason, an example and the fix."""
    app(BAD)

    assert run("check", "cli_app").stderr == (
        "note: fast-channels explain FC108 FC207 FC301 shows the reason, an example and the fix\n"
    )
    shown = run("explain", "fc107", "FC301")
    assert (shown.exit_code, shown.stdout.count("Example:"), shown.stdout.count("Fix:")) == (0, 2, 2)
    assert run("explain").stdout.startswith("# Findings\n")


def test_a_code_that_does_not_exist() -> None:
    """It is a mistake of usage, with those that are like it."""
    result = run("explain", "FC17")

    assert result.exit_code == 2
    assert "there is no finding 'FC17'; did you mean FC107" in result.stderr
    assert "FC001, FC101" in run("explain", "x").stderr


def test_an_application_that_cannot_be_imported(app: Callable[[str], None], tmp_path: Path) -> None:
    """The sentence names the line of the application."""
    app(GOOD.replace("chat_said", "chat_sayd"))

    result = run("check", "cli_app")

    assert result.exit_code == 2
    assert (
        f"because of {tmp_path / 'cli_app.py'}, line 19: TypeError: Chat.chat_sayd() takes events of"
        in result.stderr
    )


def test_schemas_are_written_and_checked(app: Callable[[str], None], tmp_path: Path) -> None:
    """A check fails with a diff until they are there, and again when the contract has changed."""
    app(GOOD)
    folder = tmp_path / "schemas"
    arguments = ("schema", "cli_app", "--output", "schemas")

    before = run(*arguments, "--check")
    assert before.exit_code == 1
    assert before.stdout.startswith("Chat.client.json is missing\n--- now\n+++ generated\n")
    assert not folder.exists()

    written = run(*arguments)
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", "wrote 3 files in schemas\n")
    assert names_in(folder) == ["Chat.client.json", "Chat.events.json", "Chat.server.json"]
    assert (run(*arguments, "--check").exit_code, run(*arguments, "--check").output) == (0, "up to date\n")

    app(GOOD.replace("class Say(BaseModel):", "class Say(BaseModel):\n    volume: int"))
    after = run(*arguments, "--check")
    assert after.exit_code == 1
    assert after.stdout.startswith("Chat.client.json is not up to date\n")
    assert '+        "volume": {\n' in after.stdout


def test_schemas_know_where_they_are_published(app: Callable[[str], None], tmp_path: Path) -> None:
    """The `$id` begins as told."""
    app(GOOD)

    run("schema", "cli_app", "-o", "schemas", "--base-uri", "https://example.com/v1/")

    schema = json.loads((tmp_path / "schemas" / "Chat.client.json").read_text(encoding="utf-8"))
    assert schema["$id"] == "https://example.com/v1/Chat.client.json"


def test_schemas_leave_other_files_alone(app: Callable[[str], None], tmp_path: Path) -> None:
    """Only what the same consumer does not declare any more is deleted."""
    app(GOOD.replace("chat_said(", "_chat_said("))
    folder = tmp_path / "schemas"
    folder.mkdir()
    kept = {"Other.client.json", "notes.txt", "Chat.v2.json"}
    for name in {*kept, "Chat.events.json"}:
        (folder / name).write_text("", encoding="utf-8")

    assert "Chat.events.json is superfluous" in run("schema", "cli_app", "-o", "schemas", "--check").stdout
    run("schema", "cli_app", "-o", "schemas")

    assert names_in(folder) == sorted({*kept, "Chat.client.json", "Chat.server.json"})


def test_types_are_written_and_checked(app: Callable[[str], None], tmp_path: Path) -> None:
    """A check fails with a diff until they are there."""
    app(GOOD)
    arguments = ("stubs", "cli_app:Chat", "-o", "types/chat.py")

    before = run(*arguments, "--check")
    assert before.exit_code == 1
    assert before.stdout.startswith("chat.py is missing\n")
    assert not (tmp_path / "types").exists()

    written = run(*arguments)
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", f"wrote {Path('types/chat.py')}\n")
    assert "class ChatHandlers(Protocol):" in (tmp_path / "types" / "chat.py").read_text(encoding="utf-8")
    assert (run(*arguments, "--check").exit_code, run(*arguments, "--check").output) == (0, "up to date\n")


def test_schemas_go_to_the_standard_output(app: Callable[[str], None], tmp_path: Path) -> None:
    """As one object, by the names of their files; nothing is written."""
    app(GOOD)

    result = run("schema", "cli_app", "-o", "-")

    shown = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [*shown] == ["Chat.client.json", "Chat.events.json", "Chat.server.json"]
    assert shown["Chat.client.json"]["$id"] == "urn:fast-channels:Chat.client.json"
    assert names_in(tmp_path) == ["cli_app.py"]
    assert run("schema", "cli_app", "-").stdout == result.stdout


def test_types_go_to_the_standard_output(app: Callable[[str], None], tmp_path: Path) -> None:
    """As the module that would be written."""
    app(GOOD)

    result = run("stubs", "cli_app", "-o", "-")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith('"""Written by `fast-channels stubs cli_app`;')
    assert names_in(tmp_path) == ["cli_app.py"]
    assert run("stubs", "cli_app", "-").stdout == result.stdout


BARE = f"""{GOOD}

class Echo(AsyncJsonWebsocketConsumer): ...


class Routes:
    routes = ()


app = Routes()
app.routes = [Chat.as_asgi(), Echo.as_asgi()]
"""


def test_an_application_is_written_without_what_declares_nothing(
    app: Callable[[str], None], tmp_path: Path
) -> None:
    """The exit code is 0, and a note on the standard error says what is passed over."""
    app(BARE)

    schemas = run("schema", "cli_app:app", "-o", "schemas")
    types = run("stubs", "cli_app:app", "-o", "types.py")

    assert (schemas.exit_code, types.exit_code) == (0, 0)
    assert schemas.stderr == (
        "note: cli_app.Echo declares neither messages nor channel events, and is skipped\n"
        "wrote 3 files in schemas\n"
    )
    assert types.stderr.startswith("note: cli_app.Echo has neither handlers of channel events nor")
    assert run("check", "cli_app:app").stdout == "checked 2 consumers of cli_app:app: no findings\n"


def test_an_application_may_declare_nothing_at_all(app: Callable[[str], None], tmp_path: Path) -> None:
    """Then there is nothing to write, which is said, and neither a folder nor a module is made."""
    app(BARE.replace("[Chat.as_asgi(), Echo.as_asgi()]", "[Echo.as_asgi()]"))

    for arguments in (("schema", "cli_app:app", "-o", "schemas"), ("stubs", "cli_app:app", "-o", "types.py")):
        result = run(*arguments)
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "nothing to write")
    assert names_in(tmp_path) == ["cli_app.py"]


def test_the_files_of_others_are_not_overwritten(app: Callable[[str], None], tmp_path: Path) -> None:
    """Neither those of a consumer of the same name in another module, nor what somebody wrote by hand."""
    app(GOOD)
    (tmp_path / "cli_other.py").write_text("from cli_app import *\nclass Chat(Chat): ...\n", encoding="utf-8")
    run("schema", "cli_app", "-o", "schemas")
    run("stubs", "cli_app", "-o", "types.py")
    before = (tmp_path / "schemas" / "Chat.client.json").read_text(encoding="utf-8")

    schema = run("schema", "cli_other:Chat", "-o", "schemas")
    types = run("stubs", "cli_other:Chat", "-o", "types.py")
    source = run("stubs", "cli_app", "-o", "cli_app.py")
    sys.modules.pop("cli_other")

    assert (schema.exit_code, types.exit_code, source.exit_code) == (2, 2, 2)
    assert "was written for cli_app.Chat, not for cli_other.Chat; name both" in schema.stderr
    assert "types.py was written for cli_app; name all in one command" in types.stderr
    assert "cli_app.py was not written by this command" in source.stderr
    assert (tmp_path / "schemas" / "Chat.client.json").read_text(encoding="utf-8") == before
    assert (tmp_path / "cli_app.py").read_text(encoding="utf-8") == GOOD


def test_what_is_deleted_is_said(app: Callable[[str], None], tmp_path: Path) -> None:
    """When a consumer declares less than before."""
    app(GOOD)
    run("schema", "cli_app", "-o", "schemas")
    app(GOOD.replace("chat_said(", "_chat_said("))

    result = run("schema", "cli_app", "-o", "schemas")

    deleted = Path("schemas/Chat.events.json")
    assert result.stderr.splitlines()[-1] == f"deleted {deleted}: its messages are no longer declared"
    assert names_in(tmp_path / "schemas") == ["Chat.client.json", "Chat.server.json"]


SETTINGS = """\
[tool.fast-channels]
targets = ["cli_app"]
check = { ignore = ["FC207", "FC108"] }
schema = { output = "schemas", base-uri = "https://x.y/" }
stubs = { targets = ["cli_app:Chat"], output = "types.py" }
"""


def test_targets_and_outputs_may_stand_in_the_project(app: Callable[[str], None], tmp_path: Path) -> None:
    """Then a command needs no arguments."""
    app(GOOD)
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")

    assert run("check").stdout == "checked 1 consumer of cli_app: no findings\n"
    assert [run(name).exit_code for name in ("schema", "stubs")] == [0, 0]
    assert '"$id": "https://x.y/' in (tmp_path / "schemas" / "Chat.client.json").read_text(encoding="utf-8")
    assert "stubs cli_app:Chat`" in (tmp_path / "types.py").read_text(encoding="utf-8")
    assert [run(name, "--check").exit_code for name in ("schema", "stubs")] == [0, 0]
    assert "stubs cli_app:Chat`" in run("stubs", "-").stdout


def test_what_is_said_on_the_command_line_goes_first(app: Callable[[str], None], tmp_path: Path) -> None:
    """Each argument in place of what the project says of it."""
    app(BAD)
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")

    assert run("check").stdout.endswith("checked 1 consumer of cli_app: 1 finding, 2 ignored\n")
    assert (
        "of cli_app:Chat: 2 findings, 1 ignored" in run("check", "cli_app:Chat", "--ignore", "FC301").stdout
    )
    run("schema", "-o", "elsewhere")
    assert names_in(tmp_path) == ["cli_app.py", "elsewhere", "pyproject.toml"]


@pytest.mark.parametrize("name", ["check", "schema", "stubs"])
def test_a_mistake_in_the_project_is_a_sentence(
    app: Callable[[str], None], tmp_path: Path, name: str
) -> None:
    """It says what was meant, and the exit code is 2."""
    app(GOOD)
    (tmp_path / "pyproject.toml").write_text(SETTINGS.replace("output", "outptu"), encoding="utf-8")

    result = run(name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "[tool.fast-channels.schema] has no key 'outptu'; did you mean 'output'?" in result.stderr


@pytest.mark.parametrize("name", ["check", "schema", "stubs"])
def test_somebody_has_to_name_a_target(app: Callable[[str], None], name: str) -> None:
    """On the command line or in the project."""
    app(GOOD)

    result = run(name, *(() if name == "check" else ("-",)))

    assert result.exit_code == 2
    assert "Missing argument 'TARGET...': name a module or module:attribute, for example" in result.stderr


def test_the_version() -> None:
    """That of the distribution, of Python, and of pydantic."""
    result = run("--version")

    assert result.exit_code == 0
    python = platform.python_version()
    assert (
        result.output == f"fast-channels-typed {__version__} (Python {python}, pydantic {pydantic.VERSION})\n"
    )


def test_colours_are_for_terminals(
    app: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for whoever wants none."""
    app(BAD)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def shown(*arguments: str, color: bool = True) -> str:
        return CliRunner().invoke(command, arguments, prog_name="fast-channels", color=color).stdout

    plain = run("check", "cli_app").stdout
    coloured = shown("check", "cli_app")
    diff = shown("stubs", "cli_app", "-o", "types.py", "--check")

    assert "\x1b[1mcli_app.py:19:\x1b[0m \x1b[31mFC207\x1b[0m" in coloured
    assert "\x1b[31m\x1b[1m3 findings\x1b[0m" in coloured
    assert "\x1b[32m+class SayDict(TypedDict):\x1b[0m" in diff
    assert click.unstyle(coloured) == plain == shown("check", "cli_app", color=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown("check", "cli_app") == plain


def test_modules_are_found_in_another_folder(
    app: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the command runs."""
    app(GOOD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    assert run("check", "cli_app").exit_code == 2
    assert run("check", "cli_app", "--app-dir", "..").exit_code == 0


@pytest.mark.parametrize("name", ["check", "schema", "stubs"])
def test_every_command_explains_itself(name: str) -> None:
    """In the list of all, and alone."""
    assert f"\n  {name} " in run("--help").output
    assert "TARGET..." in run(name, "-h").output


def test_codes_that_can_be_passed_over_are_those_that_exist() -> None:
    """The mistake names them."""
    assert all(code in run("check", "x", "--ignore", "FC000").stderr for code in CODES)


def test_the_command_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    """What the application prints stays out of the output."""
    (tmp_path / "cli_app.py").write_text(f"print('hello')\n{BAD}", encoding="utf-8")

    result = execute("check", "cli_app", "--error-format", "json", cwd=tmp_path)

    assert result.returncode == 1
    assert len(json.loads(result.stdout)) == 3
    assert result.stderr == "hello\n"


def test_the_command_says_which_extra_is_missing(tmp_path: Path) -> None:
    """Without click there is a sentence, and no traceback."""
    # What cannot be imported stands before what is installed.
    (tmp_path / "click.py").write_text(
        "raise ModuleNotFoundError('no click', name='click')\n", encoding="utf-8"
    )

    result = execute("check", "cli_app", cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"fast-channels: the command needs more packages: {how_to_install('cli')}\n"


def test_another_module_that_is_missing_is_no_matter_of_the_extra(tmp_path: Path) -> None:
    """Whatever is broken is not hidden."""
    (tmp_path / "click.py").write_text("import nowhere\n", encoding="utf-8")

    result = execute("check", "cli_app", cwd=tmp_path)

    assert result.returncode == 1
    assert "No module named 'nowhere'" in result.stderr


def test_the_package_is_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m fast_channels` is `fast-channels`."""
    monkeypatch.setattr(sys, "argv", ["fast_channels", "--help"])
    monkeypatch.delitem(sys.modules, "fast_channels.__main__")

    with pytest.raises(SystemExit) as status:
        runpy.run_module("fast_channels", run_name="__main__")

    assert status.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: fast-channels [OPTIONS] COMMAND [ARGS]...")


@pytest.mark.parametrize(
    ("missing", "error"), [("click", SystemExit), ("fast_channels.checks", ModuleNotFoundError)]
)
def test_what_the_command_needs_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, missing: str, error: type[BaseException]
) -> None:
    """Only the absence of the extra is explained."""
    monkeypatch.delitem(sys.modules, "fast_channels.cli")
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(error):
        main()


WORKER = f"""{GOOD}
from fast_channels.consumer import AsyncConsumer
from fast_channels.layers import InMemoryChannelLayer

layer = InMemoryChannelLayer()


class Maker(AsyncConsumer):
    pass


class Member(Maker):
    channel_layer_alias = "nobody"


def factory() -> InMemoryChannelLayer:
    return layer
"""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("cli_app:layer", "Missing argument 'CHANNEL=CONSUMER...'"),
        ("cli_app:layer cli_app:Maker", "'cli_app:Maker' does not have the form channel=module:attribute"),
        ("cli_app:layer jobs=", "'jobs=' does not have the form channel=module:attribute"),
        ("cli_app:layer a=cli_app:Maker a=cli_app:Maker", "the channel 'a' is given twice"),
        ("cli_app:layer =cli_app:Maker", "Channel name must be a valid unicode string"),
        ("cli_app:layer a/b=cli_app:Maker", "'/' is not allowed"),
        ("cli_app:layer a!b=cli_app:Maker", "'a!b' belongs to one process"),
        ("cli_app:layer jobs=cli_app:Nobody", "there is no cli_app:Nobody"),
        ("cli_app:layer jobs=cli_app", "the channel 'jobs' needs a consumer class"),
        ("cli_app:layer jobs=cli_app:Say", "the channel 'jobs' needs a consumer class"),
        ("cli_app:layer jobs=cli_app:Member", "Member uses the channel layer 'nobody', which is not"),
        ("cli_app:Nobody jobs=cli_app:Maker", "there is no cli_app:Nobody"),
        ("cli_nowhere:layer jobs=cli_app:Maker", "there is no module cli_nowhere"),
        ("cli_app:factory jobs=cli_app:Maker", "is not a channel layer: it has no method send, receive"),
        ("cli_app:InMemoryChannelLayer jobs=cli_app:Maker", "InMemoryChannelLayer is a class"),
        ("cli_app:layer jobs=cli_app:Maker --stop-timeout -1", "Invalid value for '--stop-timeout'"),
    ],
)
def test_what_no_worker_can_be_made_of(app: Callable[[str], None], arguments: str, sentence: str) -> None:
    """A sentence on the standard error says why, and the exit code is 2."""
    app(WORKER)

    result = run("worker", *arguments.split())

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr.partition("Error: ")[2]
    assert "Traceback" not in result.stderr


def test_a_worker_explains_itself() -> None:
    """In the list of all commands, and alone."""
    assert "\n  worker " in run("--help").output
    assert "LAYER CHANNEL=CONSUMER..." in run("worker", "-h").output


STOPPING = f"""{WORKER}
import asyncio
import signal


class Last(Maker):
    async def stop(self, event: object) -> None:
        signal.raise_signal(signal.SIGTERM)


asyncio.run(layer.send("jobs", {{"type": "stop"}}))
"""


def test_a_worker_runs_until_a_signal(app: Callable[[str], None]) -> None:
    """It ends with exit code 0, and prints nothing."""
    app(STOPPING)

    result = run("worker", "cli_app:layer", "jobs=cli_app:Last", "--stop-timeout", "5")

    assert (result.exit_code, result.output) == (0, "")


def test_a_worker_says_what_it_does(tmp_path: Path) -> None:
    """On the standard error, unless the application has set up a logging of its own."""
    own = "import logging\nlogging.basicConfig(format='%(message)s', level=logging.WARNING)\n"
    (tmp_path / "cli_app.py").write_text(STOPPING, encoding="utf-8")
    (tmp_path / "cli_own.py").write_text(own + STOPPING, encoding="utf-8")

    said = execute("worker", "cli_app:layer", "jobs=cli_app:Last", cwd=tmp_path)
    silent = execute("worker", "cli_own:layer", "jobs=cli_own:Last", cwd=tmp_path)

    assert [line.partition(" INFO ")[2] for line in said.stderr.splitlines()] == [
        "fast_channels.worker: listening to jobs",
        "fast_channels.worker: stopping",
        "fast_channels.worker: stopped",
    ]
    assert (said.returncode, said.stdout) == (0, "")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")


def test_a_worker_imports_redis_only_if_the_application_does(tmp_path: Path) -> None:
    """Whoever has a layer of another kind need not install it."""
    (tmp_path / "redis.py").write_text("raise ModuleNotFoundError(name='redis')\n", encoding="utf-8")
    (tmp_path / "cli_app.py").write_text(WORKER, encoding="utf-8")

    result = execute("worker", "cli_app:layer", "jobs=cli_app:Member", cwd=tmp_path)

    assert "'nobody', which is not registered" in result.stderr
