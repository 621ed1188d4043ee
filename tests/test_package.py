"""What applications need can be imported from the package, which costs nothing until it is asked for."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import fast_channels
from fast_channels import consumer, exceptions, layers, messages, middleware

NAMES = [*fast_channels.__all__, "RedisChannelLayer", "RedisPubSubChannelLayer"]
DOCUMENTED = [*consumer.__all__, *layers.__all__, *messages.__all__, *middleware.__all__, *exceptions.__all__]


def run(program: str) -> str:
    """Run a program in a process of its own and return what it prints."""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def imported() -> dict[str, str]:
    """Return the modules from which type checkers are told that names come."""
    tree = ast.parse(Path(fast_channels.__file__).read_text(encoding="utf-8"))
    return {
        alias.name: f"{one.module}"
        for one in ast.walk(tree)
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
        if one.module is not None and one.module.startswith("fast_channels.")
    }


@pytest.mark.parametrize("name", [*imported()])
def test_a_name_is_that_of_its_module(name: str) -> None:
    """At run time it is the same object of which checkers are told."""
    assert getattr(fast_channels, name) is getattr(import_module(imported()[name]), name)


def test_checkers_and_programs_know_the_same_names() -> None:
    """What is exported, what can be found, and what is typed."""
    assert {*imported(), "__version__"} == {*NAMES}
    assert {*NAMES} <= {*dir(fast_channels)}


def test_every_documented_name_is_there() -> None:
    """All of consumers, layers, messages, middleware and exceptions."""
    assert {*DOCUMENTED} <= {*NAMES}


def test_a_name_that_is_not_there_is_an_error() -> None:
    """Which knows what there is, so that Python can ask what was meant; modules are found as ever."""
    with pytest.raises(
        AttributeError, match="module 'fast_channels' has no attribute 'AsyncConsumr'"
    ) as error:
        fast_channels.AsyncConsumr  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018  # it is not there

    assert (error.value.name, error.value.obj) == ("AsyncConsumr", fast_channels)
    assert run("from fast_channels import protocol; print(protocol.__name__)") == "fast_channels.protocol"


def test_the_package_costs_no_more_than_an_empty_one() -> None:
    """Its import brings in no other module, and asking for its version neither."""
    program = "import sys; old = {*sys.modules}; import fast_channels as f; f.__version__\n"
    program += "print({*sys.modules} - old)"

    assert run(program) == "{'fast_channels'}"


def test_everything_can_be_imported_without_redis() -> None:
    """A star brings in what needs no extra."""
    program = "import sys; from fast_channels import *; print(AsyncConsumer.__name__, 'redis' in sys.modules)"

    assert run(program) == "AsyncConsumer False"


def test_a_name_is_looked_for_once() -> None:
    """Afterwards it is an attribute like any other, and the modules above its own are not imported for it."""
    program = "import sys, fast_channels as f; f.StopConsumer\n"
    program += "print('StopConsumer' in vars(f), 'pydantic' in sys.modules)"

    assert run(program) == "True False"
