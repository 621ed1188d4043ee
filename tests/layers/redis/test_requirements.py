"""Beside which packages the extra `redis` can be installed."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())

OTHERS = {
    "arq 0.28": "redis[hiredis]<6,>=4.2.0",
    "celery 5.7, by kombu[redis]": "redis<9.0.0,>=6.4.0",
    "rq 3.0": "redis>=5.0.1",
    "taskiq-redis 1.0": "redis>=5,<6",
    "taskiq-redis 1.2": "redis>=8.0.0,<9",
}
"""What others ask for of redis-py, by their metadata."""


def wanted(requirements: list[str]) -> SpecifierSet:
    """Return which versions of redis-py a list of requirements allows."""
    return next(need.specifier for need in map(Requirement, requirements) if need.name == "redis")


@pytest.mark.parametrize("other", OTHERS)
def test_others_that_use_redis_py_can_be_installed_too(other: str) -> None:
    """Some version of it is right for both."""
    versions = ["5.0.8", "5.3.1", "6.4.0", "7.4.0", "8.1.0"]
    extra = wanted(PROJECT["project"]["optional-dependencies"]["redis"])

    assert [*extra.filter(Requirement(OTHERS[other]).specifier.filter(versions))]


def test_what_is_tested_is_what_is_promised() -> None:
    """The tests may be run with each version that the extra allows."""
    tested = [need for need in PROJECT["dependency-groups"]["test"] if isinstance(need, str)]

    assert wanted(tested) == wanted(PROJECT["project"]["optional-dependencies"]["redis"])
