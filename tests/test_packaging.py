"""What is published: an archive from which the project can be tested, and a wheel with what users need."""

import re
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from fast_channels import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOME: str = PROJECT["project"]["urls"]["Homepage"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel of this checkout."""
    (path,) = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]
    )
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """What an index shows of the distribution."""
    text = wheel.read(f"fast_channels_typed-{__version__}.dist-info/METADATA").decode()
    return message_from_string(text)


@pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="an unpacked archive does not know what belongs to it"
)
def test_the_archive_holds_the_whole_repository(tmp_path: Path) -> None:
    """Every file of it, so that tests, documents and benchmarks find what they need."""
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    files = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(files, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()

    assert held == {*listed, "PKG-INFO"}


def test_the_wheel_holds_the_package_and_its_stubs(wheel: zipfile.ZipFile) -> None:
    """And nothing else: what writes the generated files of the repository stays there."""
    names = {*wheel.namelist()}

    assert {name.partition("/")[0] for name in names} == {
        "fast_channels",
        "fast_channels-stubs",
        f"fast_channels_typed-{__version__}.dist-info",
    }
    assert {"fast_channels/py.typed", "fast_channels/cli.py", "fast_channels/codegen/schemas.py"} <= names
    assert {path.name for path in (ROOT / "stubs" / "fast_channels-stubs").rglob("*.pyi")} <= {
        name.rpartition("/")[2] for name in names
    }


def test_nothing_in_the_wheel_imports_what_is_not_there(wheel: zipfile.ZipFile) -> None:
    """Of its own package."""
    modules = {name.removesuffix(".py").removesuffix("/__init__") for name in wheel.namelist()}
    for name in wheel.namelist():
        if name.endswith(".py"):
            folder = name.rpartition("/")[0]
            source = wheel.read(name).decode()
            imported = {
                f"{folder}/{one}" for one in re.findall(r"^from \.(\w+) import", source, re.MULTILINE)
            }
            imported |= {
                one.replace(".", "/")
                for one in re.findall(r"^(?:from|import) (fast_channels[\w.]*)", source, re.MULTILINE)
            }
            assert imported <= modules, name


def test_the_version_has_one_source(metadata: Message) -> None:
    """The package."""
    assert metadata["Version"] == __version__


def test_the_readme_works_on_an_index(metadata: Message) -> None:
    """Its links and its picture are addresses in the repository, at the tag of this version."""
    text = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]+)\)", text)
    raw = HOME.replace("https://github.com/", "https://raw.githubusercontent.com/")

    assert [link for link in links if not link.startswith("https://")] == []
    assert f"]({raw}/v{__version__}/docs/chat.png)" in text
    assert f"]({HOME}/blob/v{__version__}/docs/redis.md#the-demo-in-several-processes)" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(links) == len(re.findall(r"\]\(([^)]+)\)", readme))


def test_every_address_is_in_the_same_repository(metadata: Message) -> None:
    """So that another one has to be written in one file only."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    repositories = {match[1] for match in re.finditer(r"github(?:usercontent)?\.com/([\w-]+/[\w-]+)", text)}

    assert repositories == {HOME.removeprefix("https://github.com/")}
    urls = [url.partition(", ") for url in metadata.get_all("Project-URL", [])]
    assert {label for label, _, _ in urls} == {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(HOME) for _, _, url in urls)
