"""The pages of the README and of `docs/`, and the Python code in them."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@dataclass(frozen=True)
class Section:
    """The Python blocks below one heading of a page, which together are one module.

    Attributes:
        page: The page, relative to the root.
        title: The heading, the name of the page for what is above the first one.
        source: The code. Every line of it has the number that it has on the page.
    """

    page: str
    title: str
    source: str

    def __str__(self) -> str:
        return f"{self.page}#{slug(self.title)}"

    @property
    def module(self) -> str:
        """A name for the module."""
        return re.sub(r"\W", "_", f"test_{Path(self.page).stem}__{slug(self.title)}").lower()

    def run(self) -> ModuleType:
        """Execute the code and return its module."""
        module = sys.modules[self.module] = ModuleType(self.module)
        exec(compile(self.source, ROOT / self.page, "exec"), module.__dict__)
        return module

    def write(self, folder: Path) -> Path:
        """Write the module into a folder, and return its path."""
        path = folder / f"{self.module}.py"
        path.write_text(self.source)
        return path


def sections_of(page: Path) -> list[Section]:
    """Return the sections of a page that show Python code."""
    code: dict[str, list[str]] = {}
    title, inside = page.name, False
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines):
        if inside and line != "```":
            code.setdefault(title, [""] * len(lines))[number] = line
        elif line.startswith("## "):
            title = line[3:]
        inside = line == "```python" or (inside and line != "```")
    name = str(page.relative_to(ROOT))
    return [Section(name, title, "\n".join(source).rstrip() + "\n") for title, source in code.items()]


SECTIONS = [section for page in PAGES for section in sections_of(page)]


def section(page: str, title: str) -> Section:
    """Return the section of a page with a heading, and fail if there is none with code."""
    return next(one for one in SECTIONS if (one.page, one.title) == (page, title))
