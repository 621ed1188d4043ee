"""Messages with a declared type of reply, and how a reply is matched to its message."""

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self

from typing_extensions import TypeVar

from fast_channels.messages.generics import resolve_in, type_arguments

__all__ = ["Asking", "Request"]

Reply = TypeVar("Reply")
Message_co = TypeVar("Message_co", covariant=True)
Reply_co = TypeVar("Reply_co", covariant=True)


class Request(Generic[Reply]):
    """A base of messages that declares the type of their reply; any model or dataclass may have it.

        class Join(BaseModel, Request[Welcome | Refused]):
            type: Literal["join"] = "join"
            name: str

    It adds no field to the message. If a client sends several requests before the first reply, set
    `correlation_field` to the name of a field that both the message and its reply have; the consumer copies
    its value into a reply that does not set the field.

    Attributes:
        correlation_field: The name of the field, `None` for none.
    """

    correlation_field: ClassVar[str | None] = None

    if TYPE_CHECKING:
        # For checkers alone: how receives() learns of a class both what it is and what it asks for.
        @classmethod
        def _exchange(cls) -> tuple[Self, Reply]: ...


class Asking(Protocol[Message_co, Reply_co]):
    """A class of messages that ask for a reply, as checkers see it."""

    def _exchange(self) -> tuple[Message_co, Reply_co]: ...


def reply_type(request: type[Request[Any]]) -> Any:
    """Return the type of the replies to a message.

    Raises:
        NameError: It is declared by a name that is not defined.
    """
    return resolve_in(request, type_arguments(request, Request)[0])
