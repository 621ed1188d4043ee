"""Names of packages, and values of mappings, that are loaded or made on first use."""

import sys
from types import ModuleType

import pytest

from fast_channels import protocol
from fast_channels.late import LateMapping, Lazy, late


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package with one module, in which there is one name."""
    package, module = ModuleType("late_package"), ModuleType("late_package.inner")
    vars(module)["name"] = "value"
    vars(package)["__path__"] = []
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return package


def test_a_name_is_found_in_its_module_and_remembered(package: ModuleType) -> None:
    """So it is asked for once."""
    find = late(package.__name__, {"name": "inner"})

    assert find("name") == "value"
    assert vars(package)["name"] == "value"


def test_the_modules_of_the_names_are_attributes_too(package: ModuleType) -> None:
    """As they are of a package that has imported them."""
    find = late(package.__name__, {"name": "inner"})

    assert find("inner") is sys.modules["late_package.inner"]


def test_another_name_is_an_error_that_knows_where_it_was_looked_for(package: ModuleType) -> None:
    """So that Python can say which one might have been meant."""
    find = late(package.__name__, {"name": "inner"})

    with pytest.raises(AttributeError, match="module 'late_package' has no attribute 'nmae'") as error:
        find("nmae")

    assert (error.value.name, error.value.obj) == ("nmae", package)


def test_a_late_mapping_knows_its_keys_before_its_values() -> None:
    """A value is found once, when it is asked for."""
    found: list[str] = []

    def find(name: str) -> str:
        found.append(name)
        return name.upper()

    mapping = LateMapping({"a": "first", "b": "second"}, find)
    assert ([*mapping], len(mapping), "a" in mapping, "c" in mapping) == (["a", "b"], 2, True, False)
    assert found == []

    assert [mapping["b"], mapping["b"], mapping.get("c")] == ["SECOND", "SECOND", None]
    assert found == ["second"]


def test_a_lazy_value_is_made_of_its_model_once() -> None:
    """A name without a model has none."""
    made: list[int] = []

    def build(model: int) -> str:
        made.append(model)
        return str(model)

    lazy = Lazy({"a": 1, "b": 2}, build)

    assert [lazy["b"], lazy["b"]] == ["2", "2"]
    assert made == [2]
    with pytest.raises(KeyError):
        lazy["c"]


def test_a_package_of_this_library_has_no_other_names() -> None:
    """Its function is that of its module."""
    with pytest.raises(AttributeError, match=r"module .* has no attribute 'Conection'"):
        protocol.Conection  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018  # it is not there
