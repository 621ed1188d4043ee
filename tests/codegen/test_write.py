"""Generated files are written and checked in one place."""

import runpy
import sys
from pathlib import Path

import pytest

from fast_channels.codegen.write import differences, main, outputs, write

REPOSITORY = Path(__file__).parents[2]
FILES = {"docs/a.md": "new\n", "schemas/b/c.json": "{}\n"}


def contents(root: Path) -> dict[str, str]:
    """Return every file of a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def test_the_committed_files_are_up_to_date() -> None:
    """Nobody changed them by hand, and nobody forgot to write them."""
    assert [*differences(REPOSITORY, outputs())] == []


def test_what_is_generated_is_documented_here() -> None:
    """A new output is a new row."""
    schemas = {f"schemas/{protocol}.json" for protocol in ("http", "websocket", "lifespan")}
    files = {name for name in outputs() if not name.startswith("stubs/fast_channels-stubs/")}

    assert files == {"docs/protocol.md", "src/fast_channels/events/dicts.py", *schemas}


def test_files_are_written_where_they_belong(tmp_path: Path) -> None:
    """Folders are made as needed, and old contents are replaced."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("old\n", encoding="utf-8")

    write(tmp_path, FILES)

    assert contents(tmp_path) == FILES
    assert [*differences(tmp_path, FILES)] == []


def test_what_is_left_over_is_deleted(tmp_path: Path) -> None:
    """A folder of generated files holds nothing else, but for its README; other folders are left alone."""
    kept = {"docs/guide.md": "a", "schemas/README.md": "b", "stubs/README.md": "c"}
    write(tmp_path, {**kept, "schemas/old.json": "{}", "stubs/old/x.pyi": ""})

    write(tmp_path, FILES)

    assert contents(tmp_path) == {**kept, **FILES}


def test_a_missing_file_is_shown(tmp_path: Path) -> None:
    """With what it would contain."""
    assert [*differences(tmp_path, {"docs/a.md": "new\n"})] == [
        "docs/a.md is missing\n--- now\n+++ generated\n@@ -0,0 +1 @@\n+new\n"
    ]


def test_a_different_file_is_shown(tmp_path: Path) -> None:
    """With the lines that differ."""
    write(tmp_path, {"docs/a.md": "same\nold\n"})

    assert [*differences(tmp_path, {"docs/a.md": "same\nnew\n"})] == [
        "docs/a.md is not up to date\n--- now\n+++ generated\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n"
    ]


@pytest.mark.parametrize("name", ["schemas/old.json", "stubs/pkg/old.pyi"])
def test_a_superfluous_file_is_shown(tmp_path: Path, name: str) -> None:
    """Even an empty one."""
    write(tmp_path, {name: ""})

    assert [*differences(tmp_path, {})] == [f"{name} is superfluous\n"]


def test_the_command_writes_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check fails with the differences until the files have been written."""
    monkeypatch.chdir(tmp_path)

    assert main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("docs/protocol.md is missing\n")
    assert contents(tmp_path) == {}

    assert main([]) == 0
    assert contents(tmp_path) == outputs()

    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_room_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m fast_channels.codegen` does it, and its status is that of the check."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["codegen", "--check"])

    with pytest.raises(SystemExit) as status:
        runpy.run_module("fast_channels.codegen", run_name="__main__")

    assert status.value.code == 1


def test_another_owner_looks_after_other_files(tmp_path: Path) -> None:
    """Files that match no pattern of the owner are neither shown nor deleted."""
    kept = {"Chat.json": "a", "Other.client.json": "b", "deep/Chat.client.json": "c"}
    write(tmp_path, {**kept, "Chat.events.json": ""})

    assert [*differences(tmp_path, {}, ["Chat.*.json"])] == ["Chat.events.json is superfluous\n"]
    write(tmp_path, {"Chat.client.json": "{}\n"}, ["Chat.*.json"])
    assert contents(tmp_path) == {**kept, "Chat.client.json": "{}\n"}
