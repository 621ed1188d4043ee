"""What pyproject.toml says of the command line is taken as it stands, or refused in a sentence."""

import re
from pathlib import Path

import pytest

from fast_channels.settings import SettingsError, settings_of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a folder in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    return tmp_path


def write(project: Path, text: str) -> None:
    """Write the file of a project."""
    (project / "pyproject.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[tool.ruff]\nline-length = 1\n"])
def test_a_file_without_the_table_says_nothing(project: Path, text: str) -> None:
    """Whatever else it is for."""
    write(project, text)

    assert not any(settings_of(project).values())


def test_no_file_says_nothing() -> None:
    """Neither in the folder nor above it."""
    assert settings_of(Path("/")) == {}


def test_a_command_has_its_own_values_and_the_shared_ones(project: Path) -> None:
    """Its own go first; a worker has targets of its own kind."""
    write(
        project,
        """
        [tool.fast-channels]
        targets = ["app:app"]
        app-dir = "src"
        check = { ignore = ["FC203"], error-format = "github" }
        schema = { output = "schemas", base-uri = "https://x.y/" }
        stubs = { targets = ["app:Chat", "app:RoomEvent"], output = "src/types.py" }
        """,
    )

    assert settings_of(project) == {
        "worker": {"app_dir": "src"},
        "check": {"targets": ["app:app"], "app_dir": "src", "ignore": ["FC203"], "error_format": "github"},
        "schema": {
            "targets": ["app:app"],
            "app_dir": "src",
            "output": "schemas",
            "base_uri": "https://x.y/",
        },
        "stubs": {
            "targets": ["app:Chat", "app:RoomEvent"],
            "app_dir": "src",
            "output": str(Path("src/types.py")),
        },
    }


def test_paths_are_those_of_the_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder below it they lead to the same places; so do targets without a folder."""
    write(project, "[tool.fast-channels]\ntargets = ['app']\nschema = { output = 'deep/schemas' }\n")
    deep = project / "deep"
    monkeypatch.chdir(deep)

    found = settings_of(deep / "deeper")

    assert found["schema"] == {"targets": ["app"], "app_dir": str(project), "output": "schemas"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("outputs = 'x'", "[tool.fast-channels] has no key 'outputs'; known keys: app-dir, check, schema, "),
        ("target = ['app']", "[tool.fast-channels] has no key 'target'; did you mean 'targets'?"),
        ("app_dir = 'src'", "[tool.fast-channels] has no key 'app_dir'; did you mean 'app-dir'?"),
        (
            "schema = { outptu = 'x' }",
            "[tool.fast-channels.schema] has no key 'outptu'; did you mean 'output'?",
        ),
        ("stubs = { ignore = [] }", "[tool.fast-channels.stubs] has no key 'ignore'; known keys: "),
        ("targets = 'app'", "targets in [tool.fast-channels] has to be a list of strings, not 'app'"),
        ("targets = [1]", "targets in [tool.fast-channels] has to be a list of strings, not [1]"),
        ("app-dir = 1", "app-dir in [tool.fast-channels] has to be a string, not 1"),
        ("check = true", "check in [tool.fast-channels] has to be a table, not True"),
        ("targets = [", "is not valid TOML: "),
    ],
)
def test_a_mistake_is_a_sentence(project: Path, text: str, sentence: str) -> None:
    """It names the file and the key, and what was meant."""
    write(project, f"[tool.fast-channels]\n{text}\n")

    with pytest.raises(SettingsError, match=re.escape(sentence)) as error:
        settings_of(project)

    assert str(error.value).startswith(str(project / "pyproject.toml"))


def test_the_table_is_a_table(project: Path) -> None:
    """And no value."""
    write(project, "[tool]\nfast-channels = 'app'\n")

    with pytest.raises(SettingsError, match=r"fast-channels in \[tool\] has to be a table, not 'app'"):
        settings_of(project)
