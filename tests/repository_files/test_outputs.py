"""The generated files of the repository are what the generator writes."""

import runpy
import sys
from importlib import import_module
from pathlib import Path

import pytest

from fast_channels.codegen.write import differences, write
from repository_files.outputs import OWNED, main, outputs

REPOSITORY = Path(__file__).parents[2]


def contents(root: Path) -> dict[str, str]:
    """Return every file of a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def test_the_committed_files_are_up_to_date() -> None:
    """Nobody changed them by hand, and nobody forgot to write them."""
    assert [*differences(REPOSITORY, outputs(), OWNED)] == []


def test_what_is_generated_is_documented_here() -> None:
    """A new output is a new row."""
    schemas = {f"schemas/{protocol}.json" for protocol in ("http", "websocket", "lifespan")}
    files = {name for name in outputs() if not name.startswith("stubs/fast_channels-stubs/")}

    assert files == {
        "docs/architecture.md",
        "docs/protocol.md",
        "src/fast_channels/events/__init__.py",
        "src/fast_channels/events/dicts.py",
        *schemas,
    }


def test_what_is_left_over_is_deleted(tmp_path: Path) -> None:
    """The folders of generated files hold nothing else but a README; other folders are left alone."""
    kept = {"docs/guide.md": "a", "schemas/README.md": "b", "stubs/README.md": "c"}
    write(tmp_path, {**kept, "schemas/old.json": "{}", "stubs/old/x.pyi": ""})

    write(tmp_path, {}, OWNED)

    assert contents(tmp_path) == kept


def test_the_command_writes_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check fails with the differences until the files have been written."""
    monkeypatch.chdir(tmp_path)

    assert main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("docs/architecture.md is missing\n")
    assert contents(tmp_path) == {}

    assert main([]) == 0
    assert contents(tmp_path) == outputs()

    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_package_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m repository_files` does it, and its status is that of the check."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["repository_files", "--check"])

    with pytest.raises(SystemExit) as status:
        runpy.run_module("repository_files", run_name="__main__")

    assert status.value.code == 1


def test_the_command_does_nothing_when_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tools do that look at every module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "repository_files.__main__", raising=False)

    import_module("repository_files.__main__")

    assert contents(tmp_path) == {}
