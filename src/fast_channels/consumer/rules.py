"""What is known of a consumer class: found once, when it is defined, so that no connection looks it up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from fast_channels.consumer.foreign import ANSWERS, LIFESPAN, Answer
from fast_channels.consumer.handlers import (
    ASGI_HANDLERS,
    Handler,
    build_table,
    get_handler_name,
    handler_name,
    is_library,
    no_handler,
)
from fast_channels.consumer.inbox import StraightEvents
from fast_channels.exceptions import InvalidEventError
from fast_channels.late import Lazy
from fast_channels.messages import Group
from fast_channels.protocol import CONNECTIONS
from fast_channels.type_defs import ChannelMessage
from fast_channels.untrusted import shown

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer
    from fast_channels.consumer.params import ParamsReader
    from fast_channels.events import AsgiEvent
    from fast_channels.protocol import Connection
    from fast_channels.protocol.steps import Receivable

WORKER = "channel"
"""The type of the scope that a worker gives its consumers."""


class Connections(NamedTuple):
    """What the connections of a consumer class over one protocol have in common.

    Attributes:
        kind: What says which events are legal.
        receivable: What is received, by type.
        straight: The events that need no change and cause none, `None` if there are none.
    """

    kind: "type[Connection]"
    receivable: "Mapping[str, Receivable]"
    straight: "StraightEvents | None"


# Without what nobody asks for: each generated method takes as long as a class to make.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rules:
    """What is known of a consumer class.

    Attributes:
        owner: The name of the class.
        protocol: The type of the connections that it is for, `None` for any.
        handlers: The handlers by their names.
        routes: The handlers by the types of their events, with dots; `None` for a class with a
            `dispatch()` of its own.
        params: Reads the parameters of a connection, `None` for a class without a model of them.
        declares_messages: Whether the class says what its clients send, or are sent.
        calls: Whether the class has a `__call__()` of its own.
        computes_groups: Whether `groups` is a property, or something else that is asked when it is needed.
        streams_body: Whether its consumers take the body of a request in parts.
        has_hook: Whether an application's class has a `disconnect()`.
        joinable: The kinds of groups that its consumers may join, as far as one has asked.
        served_with: The names of the arguments with which endpoints of frameworks have made its consumers.
        ends_alone: The type of the last event of its protocol, if nothing of the application handles that.
        served: The types of the connections that it serves.
        connections: For each protocol the connections of the class, made when they are first asked for.
    """

    owner: str
    protocol: str | None
    handlers: Mapping[str, Handler]
    routes: Mapping[str, Handler] | None
    params: "ParamsReader[BaseModel] | None"
    calls: bool
    computes_groups: bool
    declares_messages: bool
    streams_body: bool
    has_hook: bool
    # In quotes, because a parametrised model is a class that would be built when this module is imported.
    joinable: set[type["Group[Any, Any]"]] = field(default_factory=set[type[Any]])
    served_with: set[frozenset[str]] = field(default_factory=set[frozenset[str]])
    ends_alone: str | None = field(init=False)
    served: frozenset[str] = field(init=False)
    connections: Mapping[str, Connections] = field(init=False)

    def __post_init__(self) -> None:
        last = self.handlers.get(f"{self.protocol}_disconnect")
        served = frozenset(type_ for type_ in (*CONNECTIONS, WORKER) if self._serves(type_))
        connections = Lazy(CONNECTIONS, self._connections)
        ends_alone = self.routes is not None and last is not None and last.own
        object.__setattr__(self, "ends_alone", f"{self.protocol}.disconnect" if ends_alone else None)
        object.__setattr__(self, "served", served)
        object.__setattr__(self, "connections", connections)

    def answer_to(self, type_: object) -> Answer | None:
        """Return what answers a connection that is not for the class, `None` for one that is.

        Raises:
            ValueError: Nobody can answer it.
        """
        if not isinstance(type_, str) or type_ in self.served or self._serves(type_):
            return None
        answer = ANSWERS.get(type_)
        if answer is None or (type_ != LIFESPAN and self.protocol is None):
            raise ValueError(
                f"{self.owner} cannot serve a connection of the type {shown(type_)}: "
                "it has no handler for the events of that type"
            )
        return answer

    def declares(self) -> bool:
        """Tell whether the class says what its events or messages are."""
        return self.declares_messages or any(handler.declares() for handler in self.handlers.values())

    def known(self, message: ChannelMessage) -> Handler | None:
        """Return the handler of a message, `None` if there is none."""
        type_: object = message.get("type")
        return self.handlers.get(handler_name(type_)) if isinstance(type_, str) else None

    def find(self, message: ChannelMessage) -> Handler:
        """Return the handler of a message.

        Raises:
            InvalidEventError: There is none.
        """
        handler = self.handlers.get(get_handler_name(message))
        if handler is None:
            raise no_handler(message)
        return handler

    def admitted(
        self,
        message: ChannelMessage,
        handler: Handler,
        consumer: "AsyncConsumer",
        connection: "Connection | None",
    ) -> ChannelMessage:
        """Return a message of the channel layer, checked if it has the type of an event of servers.

        It moves nothing: only the server says what happens on the connection.

        Args:
            message: The message.
            handler: Its handler.
            consumer: The consumer, which says whether it takes such events.
            connection: The connection, `None` for one of a protocol that ASGI does not define.

        Raises:
            InvalidEventError: It is no such event, or the consumer takes none from a channel layer.
        """
        type_ = handler.event
        if type_ is None:
            return message
        protocol = handler.name.partition("_")[0]
        takes = consumer.asgi_events_from_layer
        is_taken = not self.declares() if takes is None else takes
        if not is_taken or (handler.own and connection is None):
            hint = "" if is_taken else "; see asgi_events_from_layer"
            text = f"{self.owner} refuses {protocol} events from its channel layer{hint}"
            raise InvalidEventError(text, event=message)
        try:
            return self.connections[protocol].receivable[type_].validate(message)
        except ValidationError as error:
            from fast_channels.consumer.server_events import not_that_event

            raise not_that_event(message, error) from None

    def _serves(self, type_: str) -> bool:
        if type_ in {self.protocol, WORKER}:
            return True
        prefix = f"{handler_name(type_)}_"
        if any(name.startswith(prefix) for name in self.handlers):
            return True
        # A dispatch() of its own, or a protocol of the application, may have types of any name.
        foreign = type_ not in CONNECTIONS and not self.handlers.keys() <= ASGI_HANDLERS.keys()
        return self.protocol is None and type_ != LIFESPAN and (foreign or self.routes is None)

    def prepare(self) -> None:
        """Make what the first connection would have to wait for, of each protocol that the class serves."""
        for protocol in self.served.intersection(CONNECTIONS):
            connections = self.connections[protocol]
            connections.kind.prepare()
            for type_ in connections.kind.receivable.models:
                _ = connections.receivable[type_]

    def _connections(self, kind: "type[Connection]") -> Connections:
        receivable = Lazy(kind.receivable.models, self._receivable)
        return Connections(kind, receivable, self._straight(kind))

    def _straight(self, kind: "type[Connection]") -> "StraightEvents | None":
        handlers = self.routes or {}
        straight: StraightEvents = {
            state: dict.fromkeys(kind.receivable.models)
            | {
                type_: (known, handler.of_life)
                for type_, known in row.items()
                if (handler := handlers.get(type_)) is not None and handler.of_life is not None
            }
            for state, row in kind.received_self_loops.items()
        }
        return straight if any(any(row.values()) for row in straight.values()) else None

    def _receivable(self, model: "type[AsgiEvent]") -> "Receivable":
        from fast_channels.protocol.steps import receivable

        # What only this library's handler sees need not become an object.
        handler = self.handlers.get(handler_name(model.model_fields["type"].default))
        seen = self.routes is None or handler is None or not handler.own
        return receivable(model, as_model=seen)


def find_rules(
    consumer: type,
    protocol: str | None,
    names: Mapping[str, Any],
    *,
    dispatches: bool,
    calls: bool,
    declares_messages: bool,
    life: type,
) -> Rules:
    """Return what is known of a consumer class.

    Args:
        consumer: The class.
        protocol: The type of the connections that it is for, `None` for any.
        names: Local variables around the class statement, for string annotations.
        dispatches: Whether the class has a `dispatch()` of its own.
        calls: Whether it has a `__call__()` of its own.
        declares_messages: Whether it says what its clients send, or are sent.
        life: What the lives of its consumers are.

    Raises:
        TypeError: A method takes a channel event whose type belongs to another method, or `Params` is a
            class and no model, or a field of it has a marker that cannot be followed.
    """
    library = frozenset(filter(is_library, consumer.__mro__))
    handlers = build_table(consumer.__mro__, library, names)
    for handler in handlers.values():
        if handler.own:
            # A coroutine less for each event that the library itself handles.
            handler.of_life = getattr(life, handler.name, None)
    # As types are usually written, with dots; any other is found by the name of its handler.
    routes = {name.replace("_", "."): handler for name, handler in handlers.items()}
    return Rules(
        owner=consumer.__name__,
        protocol=protocol,
        handlers=handlers,
        routes=None if dispatches else routes,
        params=_params_reader(consumer, names),
        calls=calls,
        computes_groups=hasattr(getattr(consumer, "groups", None), "__get__"),
        declares_messages=declares_messages,
        streams_body=any("receive_body" in vars(base) for base in consumer.__mro__ if base not in library),
        has_hook=any("disconnect" in vars(base) for base in consumer.__mro__ if base not in library),
    )


def _params_reader(consumer: type, names: Mapping[str, Any]) -> "ParamsReader[BaseModel] | None":
    model: Any = getattr(consumer, "Params", None)
    if not isinstance(model, type):
        return None
    if issubclass(model, BaseModel):
        # Late: a class without `Params` needs nothing of them.
        from fast_channels.consumer.params import ParamsReader

        return ParamsReader(model, names)
    if model.__qualname__ == f"{consumer.__qualname__}.Params":
        # Existing code may call something else so, but it nests no class of this name.
        raise TypeError(
            f"{consumer.__name__}.Params is not a pydantic model; derive it from pydantic.BaseModel"
        )
    return None
