"""Where the Redis layers are found, and what happens without the packages that they need."""

import importlib
import os
import runpy
import subprocess
import sys

import pytest

from fast_channels import layers
from fast_channels.installation import how_to_install
from fast_channels.layers import threads
from fast_channels.layers.redis import RedisPubSubChannelLayer

HINT = f"the Redis layers need more packages: {how_to_install('redis')}"


def run(code: str) -> str:
    """Run a program in an interpreter in which redis-py is not installed; return what it prints."""
    blocked = f"import sys; sys.modules['redis'] = None\n{code}"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_layers_are_found_where_the_published_package_shows_them() -> None:
    """By the short path and by the long one."""
    module = importlib.import_module("fast_channels.layers.redis.pubsub")

    assert layers.RedisPubSubChannelLayer is RedisPubSubChannelLayer is module.RedisPubSubChannelLayer
    assert (
        importlib.import_module("fast_channels.layers.redis.core").RedisChannelLayer
        is layers.RedisChannelLayer
    )


@pytest.mark.parametrize("module", ["fast_channels.layers", "fast_channels.layers.redis"])
def test_without_the_extra_the_error_says_what_to_install(module: str) -> None:
    """The name of the extra is in the text."""
    assert HINT in run(f"from {module} import RedisPubSubChannelLayer")


def test_the_error_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be one package of several."""
    for name in [name for name in sys.modules if name.startswith("fast_channels.layers.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ormsgpack", None)

    with pytest.raises(ImportError, match="ormsgpack") as caught:
        importlib.import_module("fast_channels.layers.redis")
    assert HINT in str(caught.value)


def test_without_the_extra_everything_else_can_be_imported() -> None:
    """Whoever does without Redis notices nothing."""
    assert run("from fast_channels.layers import *; print(InMemoryChannelLayer.__name__)") == (
        "InMemoryChannelLayer\n"
    )


WITHOUT_FORK = """
import os
del os.fork, os.register_at_fork
from {module} import RedisChannelLayer
RedisChannelLayer()
"""


@pytest.mark.parametrize("module", ["fast_channels.layers", "fast_channels.layers.redis"])
def test_a_system_that_does_not_fork_has_the_layers_too(module: str) -> None:
    """Windows is one; they work there."""
    command = [sys.executable, "-c", WITHOUT_FORK.format(module=module)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_said_of_forks_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one module that has to hear of them can do without."""
    monkeypatch.delattr(os, "register_at_fork")

    assert "run" in runpy.run_path(threads.__file__)


def test_the_short_path_hides_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attribute that another module lacks is not taken for a name that this package lacks."""

    def fail(name: str) -> None:
        raise AttributeError("module 'os' has no attribute 'anything'")

    monkeypatch.setattr(importlib, "import_module", fail)

    with pytest.raises(ImportError, match="cannot be imported: module 'os' has no attribute 'anything'"):
        _ = layers.RedisChannelLayer


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any other module."""
    with pytest.raises(AttributeError, match=r"'fast_channels\.layers' has no attribute 'unknown'"):
        getattr(layers, "unknown")  # noqa: B009  # checkers know that there is none
