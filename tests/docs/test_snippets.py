"""Whatever Python code the README and the docs show runs and type-checks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .pages import PAGES, ROOT, SECTIONS, Section, section, sections_of

LANGUAGES = {"python", "sh", "text", "mermaid"}


def run(*command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a Python module in a process of its own and return how it went."""
    source = str(ROOT / "src")
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def with_pages(output: str) -> str:
    """Return the output of a tool with the names of the pages in place of those of the modules."""
    for one in SECTIONS:
        output = re.sub(rf"\S*\b{one.module}\.py", one.page, output)
    return output


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A folder with a module for every section."""
    for one in SECTIONS:
        one.write(tmp_path)
    return tmp_path


@pytest.mark.parametrize("one", SECTIONS, ids=str)
def test_the_code_of_a_section_runs(one: Section) -> None:
    """A reader can copy the code of a section, on its own, into an empty file."""
    assert one.run().__name__ == one.module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_continues_another_one_says_so(page: Path) -> None:
    """A reader can copy any other block, on its own, into an empty file."""
    text = page.read_text()
    silent: list[str] = []
    for block in re.finditer(
        r"\n(?P<before>[^\n]*)\n\n```python\n(?P<code>.*?)^```", text, re.DOTALL | re.MULTILINE
    ):
        module = sys.modules["pasted"] = ModuleType("pasted")
        try:
            exec(compile(block["code"], page, "exec"), module.__dict__)
        except NameError as error:
            if "the module above" not in block["before"]:
                silent.append(f"line {text[: block.start('code')].count(chr(10)) + 1}: {error}")

    assert silent == []


def test_the_code_passes_mypy(modules: Path) -> None:
    """`mypy --strict` has nothing to say about any page."""
    result = run("mypy", "--strict", "--cache-dir", str(modules / "cache"), ".", cwd=modules)
    assert result.returncode == 0, with_pages(result.stdout + result.stderr)


def test_the_code_passes_pyright(modules: Path) -> None:
    """`pyright` in strict mode has nothing to say about any page."""
    settings = {"typeCheckingMode": "strict"}
    (modules / "pyrightconfig.json").write_text(json.dumps(settings))
    result = run("pyright", "--pythonpath", sys.executable, cwd=modules)
    assert result.returncode == 0, with_pages(result.stdout + result.stderr)


def test_the_tests_on_the_pages_pass(tmp_path: Path) -> None:
    """The tests that a page shows pass with the plugins that it names, and without a warning."""
    shown = [one for one in SECTIONS if "\nasync def test_" in one.source]
    paths = [str(one.write(tmp_path)) for one in shown]
    settings = "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n"
    (tmp_path / "pytest.ini").write_text(settings)
    result = run("pytest", "-p", "no:cacheprovider", *paths, cwd=tmp_path)
    assert result.returncode == 0, with_pages(result.stdout + result.stderr)
    count = sum(one.source.count("\nasync def test_") for one in shown)
    assert f"{count} passed" in result.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_code_hides_from_the_tests(page: Path) -> None:
    """Code blocks stand at the margin and name a language that these tests know."""
    fences = re.findall(r"^(.*)```(.*)$", page.read_text(), re.MULTILINE)
    assert {before for before, _ in fences} <= {""}
    assert {language for _, language in fences[::2]} <= LANGUAGES
    assert {language for _, language in fences[1::2]} <= {""}


def test_a_line_of_code_keeps_its_number() -> None:
    """What a tool says about line 5 of a module is about line 5 of the page."""
    page = ROOT / "docs" / "testing.md"
    lines = page.read_text().splitlines()
    shown = {
        (number, line)
        for one in sections_of(page)
        for number, line in enumerate(one.source.splitlines())
        if line
    }
    assert shown
    assert all(lines[number] == line for number, line in shown)


def test_the_example_of_the_readme_fits_on_one_screen() -> None:
    """The first thing that a reader sees is short: at most 25 lines besides imports and blank lines."""
    source = section("README.md", "README.md").source
    lines = [line for line in source.splitlines() if line and not re.match(r"(from|import) ", line)]
    assert len(lines) <= 25
