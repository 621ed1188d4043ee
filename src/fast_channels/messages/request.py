"""Messages that are answered: which type the reply has, and to which message it belongs."""

from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar

from fast_channels.messages.generics import resolve_in, type_arguments

__all__ = ["Request"]

Reply = TypeVar("Reply")


class Request(Generic[Reply]):
    """A base of messages that declares the type of their reply; any model or dataclass may have it.

        class Join(BaseModel, Request[Welcome | Refused]):
            type: Literal["join"] = "join"
            name: str

    Nothing is added to the message. Where replies have to be told apart, because several requests are
    answered at once, `correlation_field` names a field that both the message and its reply have; a consumer
    copies its value into a reply that does not set it.

    Attributes:
        correlation_field: The name of the field, `None` for none.
    """

    correlation_field: ClassVar[str | None] = None


def reply_type(request: type[Request[Any]]) -> Any:
    """Return the type of the replies to a message.

    Raises:
        NameError: It is declared by a name that is not defined.
    """
    return resolve_in(request, type_arguments(request, Request)[0])
