"""Changelog fragments say what a release changes, and where else to read of it."""

import re
import tomllib
from pathlib import Path

from .pages import ROOT

FRAGMENTS = ROOT / "docs" / "changelog.d"
NAME = re.compile(r"[a-z0-9-]+\.([a-z]+)\.md")


def fragments() -> list[Path]:
    """Return all of them; there are none after a release."""
    return [path for path in sorted(FRAGMENTS.glob("*.md")) if path.name != "README.md"]


def test_a_fragment_is_named_after_what_it_is_about() -> None:
    """A few words, and a category of `pyproject.toml`, all of which the README explains."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    categories = {type_["directory"] for type_ in settings["type"]}
    named = [NAME.fullmatch(path.name) for path in fragments()]

    assert [path.name for path, name in zip(fragments(), named, strict=True) if name is None] == []
    assert {name[1] for name in named if name is not None} <= categories
    readme = (FRAGMENTS / "README.md").read_text(encoding="utf-8")
    assert {category for category in categories if f"`{category}`" not in readme} == set()


def test_a_fragment_is_one_entry() -> None:
    """The template puts the bullet before it; only what no user notices goes without a text."""
    texts = {path.name: path.read_text(encoding="utf-8").strip() for path in fragments()}
    texts = {name: text for name, text in texts.items() if not name.endswith(".internal.md")}

    assert [name for name, text in texts.items() if not text or text[0] in "*-#"] == []
    assert [name for name, text in texts.items() if re.search(r"^[*#-] |\n\n", text, re.MULTILINE)] == []


def test_a_link_of_a_fragment_leads_from_the_changelog() -> None:
    """It moves to the top of the repository at the release."""
    links = [
        (path.name, link.partition("#")[0])
        for path in fragments()
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
        if "://" not in link
    ]

    assert [(name, link) for name, link in links if not (ROOT / link).exists()] == []


def test_a_release_has_a_place_in_the_changelog() -> None:
    """Once, above all that was released before."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    text = (ROOT / settings["filename"]).read_text(encoding="utf-8")

    assert text.count(settings["start_string"]) == 1
    assert "\n## " not in text.partition(settings["start_string"])[0]
