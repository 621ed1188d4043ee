"""Generated files are written and checked in one place."""

from pathlib import Path

import pytest

from fast_channels.codegen.write import differences, own_files, write

FILES = {"docs/a.md": "new\n", "schemas/b/c.json": "{}\n"}


def contents(root: Path) -> dict[str, str]:
    """Return every file of a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def test_files_are_written_where_they_belong(tmp_path: Path) -> None:
    """Folders are made as needed, and old contents are replaced."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("old\n", encoding="utf-8")

    write(tmp_path, FILES)

    assert contents(tmp_path) == FILES
    assert [*differences(tmp_path, FILES)] == []


def test_nothing_is_removed_by_default(tmp_path: Path) -> None:
    """Whatever the files of a folder are called: only what somebody says to own is removed."""
    kept = {"schemas/mine.json": "a", "stubs/mine.pyi": "b", "docs/guide.md": "c", "notes.txt": "d"}
    write(tmp_path, kept)

    assert [*differences(tmp_path, {})] == []
    assert write(tmp_path, FILES) == []
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

    assert [*differences(tmp_path, {}, ["schemas/*", "stubs/**/*"])] == [f"{name} is superfluous\n"]


def test_another_owner_looks_after_other_files(tmp_path: Path) -> None:
    """Files that match no pattern of the owner are neither shown nor deleted."""
    kept = {"Chat.json": "a", "Other.client.json": "b", "deep/Chat.client.json": "c"}
    write(tmp_path, {**kept, "Chat.events.json": ""})

    assert [*differences(tmp_path, {}, ["Chat.*.json"])] == ["Chat.events.json is superfluous\n"]
    assert write(tmp_path, {"Chat.client.json": "{}\n"}, ["Chat.*.json"]) == ["Chat.events.json"]
    assert contents(tmp_path) == {**kept, "Chat.client.json": "{}\n"}


def test_the_file_of_somebody_else_is_neither_replaced_nor_deleted(tmp_path: Path) -> None:
    """A look at its text says whose it is, even if it is no text."""
    write(tmp_path, {"mine.json": "mine", "old.json": "mine", "other.json": "other"})
    (tmp_path / "binary.json").write_bytes(b"\xff")

    def foreign(name: str, current: str) -> str | None:
        return None if current == "mine" else f"is {current!r} in {name}"

    assert own_files(tmp_path, {"mine.json": "new"}, ["*.json"], foreign) == ["mine.json", "old.json"]
    with pytest.raises(FileExistsError, match=r"other\.json is 'other' in other\.json"):
        own_files(tmp_path, {"other.json": "new"}, (), foreign)
