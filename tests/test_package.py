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


APPLICATION = """
from fast_channels.consumer.websocket import AsyncWebsocketConsumer

class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data, bytes_data)
"""

OF_CONSUMERS = """
application attributes authentication backpressure base calls cleanup closing crash definition foreign
handler_errors handlers headers inbox life membership phases rules sending steering subprotocols supervision
unanswered websocket websocket_life
"""
OF_LAYERS = """
base configuration in_memory mailbox mailroom memberships overflow own_channels process receivers registry
rounds threads values
"""
OF_MESSAGES = """
annotations codec errors event frames framing generics group json_rules older_python phase receivers request
sharing snapshot
"""
OTHERS = """
consumer event_loop events events.close_codes exceptions installation late layers messages protocol
protocol.states type_defs untrusted
"""
OF_A_PROTOCOL = """
events.base events.canonical events.extensions events.json_form events.websocket events.wire
protocol.machine protocol.steps protocol.table protocol.websocket
"""


OF_NAMES = {"_blake2", "_hashlib", "hashlib", "hmac", "secrets"}
"""What makes names of channels that nobody can guess; newer releases of pydantic have loaded it already."""


def modules(program: str) -> set[str]:
    """Return the modules that a program loads beyond asyncio, pydantic and what a model needs."""
    before = (
        "import asyncio, pydantic, sys\nclass User(pydantic.BaseModel):\n    name: str\nold = {*sys.modules}"
    )
    return {*run(f"{before}\n{program}\nprint(*{{*sys.modules}} - old)").split()}


def named(package: str, names: str) -> set[str]:
    """Return the names of modules of a package."""
    return {f"fast_channels.{package}{name}" for name in names.split()}


def test_an_application_loads_no_more_than_it_needs() -> None:
    """Neither the models of a protocol, nor consumers of another one, nor what only errors need.

    Whoever adds a module to these lists makes every application start later: each takes as long to load as a
    hundred messages take to handle, and one with a model or a dataclass as long as a thousand.
    """
    loaded = modules("import fast_channels.consumer.websocket, fast_channels.layers.in_memory")

    assert {name for name in loaded if name.startswith("fast_channels.")} == {
        *named("consumer.", OF_CONSUMERS),
        *named("layers.", OF_LAYERS),
        *named("messages.", OF_MESSAGES),
        *named("", OTHERS),
    }
    assert {name for name in loaded if "fast_channels" not in name} <= OF_NAMES


def test_no_model_is_built_by_an_import() -> None:
    """What is one is there as a class, for others to inherit from."""
    program = "import gc, pydantic, fast_channels.consumer.websocket, fast_channels.layers.in_memory\n"
    program += "models = [one for one in gc.get_objects() if isinstance(one, type)]\n"
    program += "models = [one for one in models if issubclass(one, pydantic.BaseModel)]\n"
    program += "models = [one for one in models if one.__module__.startswith('fast_channels')]\n"
    program += (
        "print(sorted(one.__name__ for one in models), any(one.__pydantic_complete__ for one in models))"
    )

    assert run(program) == "['ChannelEvent', 'Group'] False"


def test_an_asgi_application_loads_what_its_protocol_needs() -> None:
    """And of no other; a class alone is defined without."""
    defined = modules(APPLICATION)
    loaded = modules(f"{APPLICATION}\nEcho.as_asgi()")

    own = {name for name in loaded - defined if name.startswith("fast_channels")}
    assert own == named("", OF_A_PROTOCOL)


def test_the_first_connection_has_nothing_to_wait_for() -> None:
    """Nothing is loaded or built for it that was not there when the application was made."""
    program = f"""{APPLICATION}
application = Echo.as_asgi()
events = [{{"type": "websocket.disconnect", "code": 1000}}, {{"type": "websocket.receive", "text": "hello"}}]
events.append({{"type": "websocket.connect"}})
sent = []

async def receive():
    return events.pop()

async def send(event):
    sent.append(event["type"])

def adapter(*arguments, **options):
    raise AssertionError("a validator is built")

pydantic.TypeAdapter.__init__ = adapter
old = {{*sys.modules}}
asyncio.run(application({{"type": "websocket", "path": "/"}}, receive, send))
assert sent == ["websocket.accept", "websocket.send"], sent
"""

    assert modules(program) == set()
