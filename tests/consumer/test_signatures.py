"""The documented API: names, parameters, defaults, and where they are imported from.

The tables say what the documentation of the consumers and the published fast-channels 1.1.0 promise. A type
may be wider than it was and a parameter may be added; none may be renamed, moved or lose its default.
"""

import importlib
import inspect
from typing import Any

import pytest

from fast_channels import consumer
from fast_channels.type_defs import ASGIApplicationProtocol

# Documented signatures of the consumers: class, method, kind, parameters.
CONSUMERS = """
AsyncConsumer | __init__ | method | (self, *args, **kwargs)
AsyncConsumer | __call__ | async | (self, scope, receive, send)
AsyncConsumer | as_asgi | class | (**initkwargs)
AsyncConsumer | dispatch | async | (self, message)
AsyncConsumer | send | async | (self, message)
AsyncHttpConsumer | __init__ | method | (self, *args, **kwargs)
AsyncHttpConsumer | disconnect | async | (self)
AsyncHttpConsumer | handle | async | (self, body)
AsyncHttpConsumer | http_disconnect | async | (self, message)
AsyncHttpConsumer | http_request | async | (self, message)
AsyncHttpConsumer | send_body | async | (self, body, *, more_body=False)
AsyncHttpConsumer | send_headers | async | (self, *, status=200, headers=None)
AsyncHttpConsumer | send_response | async | (self, status, body, *, headers=None)
AsyncWebsocketConsumer | __init__ | method | (self, *args, **kwargs)
AsyncWebsocketConsumer | accept | async | (self, subprotocol=None, headers=None)
AsyncWebsocketConsumer | close | async | (self, code=None, reason=None)
AsyncWebsocketConsumer | connect | async | (self)
AsyncWebsocketConsumer | disconnect | async | (self, code)
AsyncWebsocketConsumer | receive | async | (self, text_data=None, bytes_data=None)
AsyncWebsocketConsumer | send | async | (self, text_data=None, bytes_data=None, close=False)
AsyncWebsocketConsumer | websocket_connect | async | (self, message)
AsyncWebsocketConsumer | websocket_disconnect | async | (self, message)
AsyncWebsocketConsumer | websocket_receive | async | (self, message)
AsyncJsonWebsocketConsumer | __init__ | method | (self, *args, **kwargs)
AsyncJsonWebsocketConsumer | decode_json | async class | (text_data)
AsyncJsonWebsocketConsumer | encode_json | async class | (content)
AsyncJsonWebsocketConsumer | receive | async | (self, text_data=None, bytes_data=None, **kwargs)
AsyncJsonWebsocketConsumer | receive_json | async | (self, content, **kwargs)
AsyncJsonWebsocketConsumer | send_json | async | (self, content, close=False)
"""

# What else the modules of 1.1.0 have that concerns consumers: module, name, kind, parameters or value.
SURFACE = """
consumer.base | get_handler_name | function | (message)
layers.base | BaseChannelLayer | class | (expiry=60, capacity=100, channel_capacity=None)
layers.base | BaseChannelLayer.MAX_NAME_LENGTH | value | 100
layers.base | BaseChannelLayer.compile_capacities | function | (self, channel_capacity)
layers.base | BaseChannelLayer.get_capacity | function | (self, channel)
layers.base | BaseChannelLayer.match_type_and_length | function | (self, name)
layers.base | BaseChannelLayer.require_valid_channel_name | function | (self, name, receive=False)
layers.base | BaseChannelLayer.require_valid_group_name | function | (self, name)
layers.base | BaseChannelLayer.non_local_name | function | (self, name)
layers.base | BaseChannelLayer.send | async | (self, channel, message)
layers.base | BaseChannelLayer.receive | async | (self, channel)
layers.base | BaseChannelLayer.new_channel | async | (self, prefix='specific.')
layers.base | BaseChannelLayer.flush | async | (self)
layers.base | BaseChannelLayer.group_add | async | (self, group, channel)
layers.base | BaseChannelLayer.group_discard | async | (self, group, channel)
layers.base | BaseChannelLayer.group_send | async | (self, group, message)
layers.in_memory | InMemoryChannelLayer | class | (expiry=60, group_expiry=86400, capacity=100, \
channel_capacity=None)
layers.in_memory | InMemoryChannelLayer.extensions | value | ['groups', 'flush']
layers.in_memory | InMemoryChannelLayer.send | async | (self, channel, message)
layers.in_memory | InMemoryChannelLayer.receive | async | (self, channel)
layers.in_memory | InMemoryChannelLayer.new_channel | async | (self, prefix='specific.')
layers.in_memory | InMemoryChannelLayer.flush | async | (self)
layers.in_memory | InMemoryChannelLayer.close | async | (self)
layers.in_memory | InMemoryChannelLayer.group_add | async | (self, group, channel)
layers.in_memory | InMemoryChannelLayer.group_discard | async | (self, group, channel)
layers.in_memory | InMemoryChannelLayer.group_send | async | (self, group, message)
layers.registry | ChannelLayerRegistry | class | ()
layers.registry | ChannelLayerRegistry.register | function | (self, alias, layer)
layers.registry | ChannelLayerRegistry.unregister | function | (self, alias)
layers.registry | ChannelLayerRegistry.get | function | (self, alias)
layers.registry | ChannelLayerRegistry.list_aliases | function | (self)
layers.registry | ChannelLayerRegistry.clear | function | (self)
layers.registry | ChannelLayerRegistry.__contains__ | function | (self, alias)
layers.registry | ChannelLayerRegistry.__getitem__ | function | (self, alias)
layers.registry | ChannelLayerRegistry.__len__ | function | (self)
layers.registry | get_channel_layer | function | (alias='default')
layers.registry | has_layers | function | ()
layers.registry | register_channel_layer | function | (alias, layer)
layers.registry | unregister_channel_layer | function | (alias)
middleware.base | BaseMiddleware | class | (inner)
middleware.base | BaseMiddleware.__call__ | async | (self, scope, receive, send)
middleware.websocket | OriginValidator | class | (application, allowed_origins)
middleware.websocket | OriginValidator.__call__ | async | (self, scope, receive, send)
middleware.websocket | OriginValidator.valid_origin | function | (self, parsed_origin)
middleware.websocket | OriginValidator.validate_origin | function | (self, parsed_origin)
middleware.websocket | OriginValidator.match_allowed_origin | function | (self, parsed_origin, pattern)
middleware.websocket | OriginValidator.get_origin_port | function | (self, origin)
middleware.websocket | WebsocketDenier | class | (*args, **kwargs)
middleware.websocket | WebsocketDenier.connect | async | (self)
testing.application | ApplicationCommunicator | class | (application, scope)
testing.application | ApplicationCommunicator.send_input | async | (self, message)
testing.application | ApplicationCommunicator.receive_output | async | (self, timeout=1)
testing.application | ApplicationCommunicator.receive_nothing | async | (self, timeout=0.1, interval=0.01)
testing.application | ApplicationCommunicator.wait | async | (self, timeout=1)
testing.application | ApplicationCommunicator.stop | function | (self, exceptions=True)
testing.http | HttpCommunicator.send_request | async | (self, *, more_body=False)
testing.http | HttpCommunicator.get_response | async | (self, timeout=1)
testing.websocket | WebsocketCommunicator | class | \
(application, path, headers=None, subprotocols=None, spec_version=None)
testing.websocket | WebsocketCommunicator.connect | async | (self, timeout=1)
testing.websocket | WebsocketCommunicator.send_to | async | (self, text_data=None, bytes_data=None)
testing.websocket | WebsocketCommunicator.send_json_to | async | (self, data)
testing.websocket | WebsocketCommunicator.receive_from | async | (self, timeout=1)
testing.websocket | WebsocketCommunicator.receive_json_from | async | (self, timeout=1)
testing.websocket | WebsocketCommunicator.disconnect | async | (self, code=1000, timeout=1)
utils | await_many_dispatch | async | (consumer_callables, dispatch)
utils | is_same_domain | function | (host, pattern)
"""

# Names of 1.1.0 by the module that has them.
NAMES = {
    "fast_channels.consumer": """
        AsyncConsumer AsyncHttpConsumer AsyncJsonWebsocketConsumer AsyncWebsocketConsumer
    """,
    "fast_channels.consumer.base": """
        AsyncConsumer get_handler_name
    """,
    "fast_channels.consumer.http": """
        AsyncHttpConsumer
    """,
    "fast_channels.consumer.websocket": """
        AsyncJsonWebsocketConsumer AsyncWebsocketConsumer
    """,
    "fast_channels.exceptions": """
        AcceptConnection ChannelFull DenyConnection InvalidChannelLayerError MessageTooLarge
        StopConsumer
    """,
    "fast_channels.layers": """
        BaseChannelLayer ChannelLayerRegistry InMemoryChannelLayer channel_layers
        get_channel_layer has_layers register_channel_layer unregister_channel_layer
    """,
    "fast_channels.layers.base": """
        BaseChannelLayer
    """,
    "fast_channels.layers.in_memory": """
        InMemoryChannelLayer InMemoryGroups InMemoryQueueData
    """,
    "fast_channels.layers.registry": """
        ChannelLayerRegistry channel_layers get_channel_layer has_layers register_channel_layer
        unregister_channel_layer
    """,
    "fast_channels.middleware": """
        BaseMiddleware OriginValidator WebsocketDenier
    """,
    "fast_channels.middleware.base": """
        BaseMiddleware
    """,
    "fast_channels.middleware.websocket": """
        AllowedOrigins Origin OriginValidator WebsocketDenier is_same_domain
    """,
    "fast_channels.testing": """
        ApplicationCommunicator HttpCommunicator WebsocketCommunicator
    """,
    "fast_channels.testing.application": """
        ApplicationCommunicator
    """,
    "fast_channels.testing.http": """
        HttpCommunicator
    """,
    "fast_channels.testing.websocket": """
        CloseCodeOrAcceptSubProtocol Connected WebsocketCommunicator WebsocketConnectResponse
    """,
    "fast_channels.type_defs": """
        ASGI3Application ASGIApplication ASGIApplicationProtocol ASGIReceiveCallable
        ASGISendCallable ChannelApplication ChannelCapacityDict ChannelCapacityPattern
        ChannelHeaders ChannelMessage ChannelScope CompiledChannelCapacities
        CompiledChannelCapacity HttpDisconnectEvent HttpRequestEvent HttpResponseBodyEvent
        HttpResponseStartEvent MiddlewareProtocol WebSocketAcceptEvent WebSocketCloseEvent
        WebSocketConnectEvent WebSocketDisconnectEvent WebSocketReceiveEvent
    """,
    "fast_channels.utils": """
        await_many_dispatch is_same_domain
    """,
}


def rows(table: str) -> list[tuple[str, ...]]:
    """Return the columns of each line."""
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]


def documented(parameters: str) -> list[inspect.Parameter]:
    """Return the parameters that a text describes."""
    return list(inspect.signature(eval(f"lambda {parameters[1:-1]}: None")).parameters.values())


def actual(function: Any) -> list[inspect.Parameter]:
    """Return the parameters of a function, without their annotations."""
    parameters = inspect.signature(function).parameters.values()
    return [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]


def fits(function: Any, parameters: str) -> bool:
    """Tell whether a function can be called in every way in which the documented one can."""
    promised, given = documented(parameters), actual(function)
    added = [parameter for parameter in given if parameter not in promised]
    kept = [parameter for parameter in given if parameter in promised]
    optional = all(
        parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD
        for parameter in added
    )
    return kept == promised and optional


def is_async(function: Any) -> bool:
    """Tell whether a function has to be awaited."""
    return inspect.iscoroutinefunction(function)


@pytest.mark.parametrize(("class_name", "method", "kind", "parameters"), rows(CONSUMERS))
def test_the_methods_of_the_consumers_are_those_of_the_documentation(
    class_name: str, method: str, kind: str, parameters: str
) -> None:
    """Parameters with names, kinds and defaults; coroutines and class methods are what they were."""
    function = getattr(getattr(consumer, class_name), method)

    assert actual(function) == documented(parameters)
    assert is_async(function) is ("async" in kind)
    assert inspect.ismethod(function) is ("class" in kind)


@pytest.mark.parametrize(
    ("class_name", "bases"),
    [
        ("AsyncConsumer", ["object"]),
        ("AsyncHttpConsumer", ["AsyncConsumer"]),
        ("AsyncWebsocketConsumer", ["AsyncConsumer"]),
        ("AsyncJsonWebsocketConsumer", ["AsyncWebsocketConsumer", "AsyncConsumer"]),
    ],
)
def test_the_consumers_inherit_as_documented(class_name: str, bases: list[str]) -> None:
    """`isinstance()` and `super()` rely on it."""
    names = [base.__name__ for base in getattr(consumer, class_name).__mro__]

    assert [name for name in names if name in bases] == bases


def test_the_attributes_of_the_consumers_are_those_of_the_documentation() -> None:
    """Most exist on instances only, and the class says that they will."""
    assert consumer.AsyncConsumer.channel_layer_alias is None
    assert consumer.AsyncConsumer.__annotations__.keys() >= {
        "base_send",
        "channel_layer_alias",
        "channel_name",
        "channel_receive",
        "scope",
    }
    assert "groups" in consumer.AsyncWebsocketConsumer.__annotations__
    assert consumer.AsyncHttpConsumer().body == []


@pytest.mark.parametrize(("module", "path", "kind", "expected"), rows(SURFACE))
def test_functions_and_classes_take_what_they_took(module: str, path: str, kind: str, expected: str) -> None:
    """From the module where existing code finds them."""
    thing: Any = importlib.import_module(f"fast_channels.{module}")
    for name in path.split("."):
        thing = getattr(thing, name)

    if kind == "value":
        assert thing == eval(expected)
    else:
        assert fits(thing, expected)
        assert is_async(thing) is (kind == "async")
        assert inspect.isclass(thing) is (kind == "class")


@pytest.mark.parametrize("module", NAMES)
def test_names_are_where_they_were(module: str) -> None:
    """Every public name of 1.1.0 can be imported from every module that had it."""
    found = importlib.import_module(module)

    assert not [name for name in NAMES[module].split() if not hasattr(found, name)]


@pytest.mark.parametrize("module", ["consumer", "layers", "middleware", "testing"])
def test_packages_say_what_they_export(module: str) -> None:
    """A star import brings all names that it brought."""
    found = importlib.import_module(f"fast_channels.{module}")

    assert set(NAMES[f"fast_channels.{module}"].split()) <= set(found.__all__)


def test_exceptions_are_what_they_were() -> None:
    """Code that catches a `ValueError` goes on catching."""
    exceptions = importlib.import_module("fast_channels.exceptions")

    assert issubclass(exceptions.InvalidChannelLayerError, ValueError)
    assert str(exceptions.StopConsumer()) == ""
    assert all(
        issubclass(getattr(exceptions, name), Exception) for name in NAMES[exceptions.__name__].split()
    )


def test_the_protocol_of_applications_names_their_consumer() -> None:
    """What `as_asgi()` returns fits it."""
    application: Any = consumer.AsyncConsumer.as_asgi()

    assert application.consumer_class is consumer.AsyncConsumer
    assert ASGIApplicationProtocol.__annotations__.keys() == {"consumer_initkwargs"}
    assert isinstance(vars(ASGIApplicationProtocol)["consumer_class"], property)


@pytest.mark.parametrize(
    ("options", "path", "method", "body"),
    [
        ({}, "/items", "GET", b""),
        ({"method": "POST", "body": b"{}", "headers": [(b"a", b"b")]}, "/items", "POST", b"{}"),
    ],
)
def test_the_http_communicator_takes_what_it_took(
    options: dict[str, Any], path: str, method: str, body: bytes
) -> None:
    """Path by position, the rest by name."""
    testing = importlib.import_module("fast_channels.testing.http")

    communicator = testing.HttpCommunicator(consumer.AsyncHttpConsumer(), path, **options)

    assert communicator.scope["path"] == path
    assert communicator.scope["method"] == method
    assert communicator.body == body
