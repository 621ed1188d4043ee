"""The pages lead somewhere, and the README says how to begin in two commands."""

import re
import tomllib
from pathlib import Path

import pytest

from .pages import PAGES, ROOT, slug

RUN_ALL = 'pip install "nox[uv]" && nox'
RUN_DEMO = 'pip install "nox[uv]" && nox -s demo'


def links_of(page: Path) -> list[str]:
    """Return the targets of all links and pictures of a page that are not on the web."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of all headings of a page."""
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)}


@pytest.mark.parametrize(
    ("page", "link"), [(page, link) for page in PAGES for link in links_of(page)], ids=lambda x: str(x)[-40:]
)
def test_a_link_leads_to_a_file_of_the_project(page: Path, link: str) -> None:
    """A link between pages leads to a file that exists, and to a heading in it."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists()
    assert target.is_relative_to(ROOT)
    assert not anchor or anchor in anchors_of(target)


def test_every_page_can_be_found_from_the_readme() -> None:
    """The README leads to every page of the project."""
    readme = ROOT / "README.md"
    found = {(ROOT / link).resolve() for link in links_of(readme)}
    assert set(PAGES) - found == {readme}


def test_the_readme_has_two_set_up_commands() -> None:
    """One command chats, one runs every check, and there are no others to type."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert [line for block in blocks for line in block.splitlines()] == [RUN_DEMO, RUN_ALL]


def test_the_sessions_that_contributors_read_of_exist() -> None:
    """The table of sessions names each one of the noxfile, and no other."""
    code = (ROOT / "noxfile.py").read_text()
    sessions = re.findall(r"^@nox\.session.*\n(?:@.*\n)*def (\w+?)_?\(", code, re.MULTILINE)
    table = re.findall(r"^\| `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted(sessions)


def test_the_packages_of_the_architecture_are_those_of_the_contract() -> None:
    """The table names every package and module, in the order of the import contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract, *_ = settings["tool"]["importlinter"]["contracts"]
    levels = [level.split(" | ") for level in reversed(contract["layers"])]
    layers = [layer.removeprefix("fast_channels.") for level in levels for layer in level]
    table = re.findall(
        r"^\| `(\w+)(?:/|\.py)`", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE
    )
    package = {path.stem for path in (ROOT / "src" / "fast_channels").iterdir() if path.suffix != ".typed"}
    package.add("repository_files")
    assert [name for name in table if name in layers] == layers
    assert set(table) == package - {"__init__", "__pycache__"}


def test_the_files_that_contributors_change_exist() -> None:
    """The lists of files for typical changes name no file that has moved; NAME stands for a new one."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|docs)/[\w./-]+)`", text)
    assert [path for path in named if not re.search("NAME|WORDS", path) and not (ROOT / path).exists()] == []


def test_ci_runs_what_the_readme_says() -> None:
    """The continuous integration types the command of the README, so that it cannot rot."""
    assert RUN_ALL in (ROOT / ".ci" / "run").read_text()
