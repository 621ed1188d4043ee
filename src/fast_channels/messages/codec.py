"""How the messages of an application become JSON texts and back."""

from collections.abc import Callable, Mapping
from functools import cached_property, reduce
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError
from typing_extensions import get_type_hints

from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages.annotations import has_fields, members
from fast_channels.messages.errors import mistakes, sentence, shortened
from fast_channels.messages.request import Request

UNSUPPORTED_DATA = 1003
INVALID_PAYLOAD = 1007
"""Close codes of RFC 6455, section 7.4.1."""


def excerpt(text: str, length: int = 80) -> str:
    """Return the beginning of a frame in a form that can be logged: on one line, and in ASCII.

    Args:
        text: The payload of the frame.
        length: How many characters of it are shown.
    """
    return ascii(text[:length]) + ("…" if len(text) > length else "")


def invalid_frame(text: str | bytes | None) -> InvalidMessageError:
    """Return the error for a frame that cannot be JSON: one that is binary, or empty."""
    if text == "":
        return InvalidMessageError(
            "No text section for incoming WebSocket frame! It is empty", code=INVALID_PAYLOAD
        )
    return InvalidMessageError("No text section for incoming WebSocket frame!", code=UNSUPPORTED_DATA)


def not_json(text: str, error: Exception) -> InvalidMessageError:
    """Return the error for a text that is not JSON, or no JSON that anybody can read."""
    return InvalidMessageError(
        f"a WebSocket frame is not JSON: {error}",
        code=INVALID_PAYLOAD,
        errors=[("", str(error))],
        excerpt=excerpt(text),
    )


class Codec:
    """Turns JSON texts into the messages of a type, and messages into texts; nothing else passes.

    A union whose members share a `Literal` field is discriminated by it, so that an error is about the one
    member that was meant.

    Args:
        annotation: Returns the type; called when the first message comes, so that every module has been
            imported by then.
    """

    def __init__(self, annotation: Callable[[], Any]) -> None:
        self.declared = annotation

    @cached_property
    def type_(self) -> Any:
        """The type of the messages, discriminated."""
        return discriminated(self.declared())

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """The pydantic adapter of the type."""
        try:
            return TypeAdapter(self.type_)
        except PydanticUserError:
            # What looks like a discriminator may not be one for pydantic, such as a field with an alias.
            return TypeAdapter(self.declared())

    @cached_property
    def _models(self) -> Mapping[Any, Callable[[Any], bytes]]:
        # A model knows best how it is written; going through the union costs twice as much.
        kinds = [
            kind
            for kind in members(self.declared())
            if isinstance(kind, type) and issubclass(kind, BaseModel) and not _is_validated_again(kind)
        ]
        _ = self.adapter
        return {kind: _writer(kind) for kind in kinds}

    def decode(self, text: str) -> Any:
        """Return the message that a JSON text is.

        Raises:
            InvalidMessageError: It is none.
        """
        try:
            return self.adapter.validator.validate_json(text)
        except ValidationError as error:
            raise self._invalid(error, text) from error

    def check(self, value: Any) -> Any:
        """Return the message that a decoded value is.

        Raises:
            InvalidMessageError: It is none.
        """
        try:
            return self.adapter.validator.validate_python(value)
        except ValidationError as error:
            raise self._invalid(error, repr(value)) from error

    def encode(self, message: Any) -> str:
        """Return a message as a JSON text.

        Raises:
            LocalProtocolError: It is not a message of this type.
        """
        write = self._models.get(type(message))
        try:
            if write is not None:
                return write(message).decode()
            return self.adapter.dump_json(self.sendable(message), by_alias=True).decode()
        except PydanticSerializationError as error:
            raise _unsendable(message, shortened(str(error))) from error

    def sendable(self, message: Any) -> Any:
        """Return a message that is about to be sent, validated.

        Raises:
            LocalProtocolError: It is not a message of this type.
        """
        try:
            return self.adapter.validator.validate_python(message)
        except ValidationError as error:
            raise _unsendable(message, sentence(error)) from error

    @cached_property
    def correlations(self) -> Mapping[Any, str]:
        """For the messages whose replies take over a field, the name of it."""
        return {
            kind: kind.correlation_field
            for kind in members(self.declared())
            if isinstance(kind, type) and issubclass(kind, Request) and kind.correlation_field is not None
        }

    def correlated(self, message: Any, reply: Any) -> Any:
        """Return the reply to a message, with the field that tells to which message it belongs.

        Raises:
            LocalProtocolError: The value of the message's field does not fit that of the reply.
        """
        name = self.correlations.get(type(message))
        if name is None or not isinstance(reply, BaseModel):
            return reply
        if name not in type(reply).model_fields or name in reply.model_fields_set:
            return reply
        values = {**dict(reply), name: getattr(message, name)}
        try:
            return type(reply).model_validate(values, by_name=True)
        except ValidationError as error:
            raise LocalProtocolError(
                f"the reply to {type(message).__name__} cannot take over its {name}: {sentence(error)}"
            ) from error

    def _invalid(self, error: ValidationError, text: str) -> NoReturn:
        raise InvalidMessageError(
            f"a WebSocket frame is not a message: {sentence(error)}",
            code=INVALID_PAYLOAD,
            errors=mistakes(error),
            excerpt=excerpt(text),
        ) from error


def discriminated(annotation: Any) -> Any:
    """Return a union with the discriminator that its members share, anything else as it is."""
    if get_origin(annotation) is Annotated:
        return annotation
    every = list(dict.fromkeys(members(annotation)))
    kinds = [kind for kind in every if kind is not type(None)]
    if len(kinds) < 2 or not all(has_fields(kind) for kind in kinds):
        return annotation
    name = _discriminator([literal_fields(kind) for kind in kinds])
    if name is None:
        return annotation
    union: Any = Annotated[reduce(_or, kinds), Field(discriminator=name)]
    return union if len(kinds) == len(every) else union | None


def _or(one: Any, other: Any) -> Any:
    return one | other


def literal_fields(kind: Any) -> dict[str, frozenset[Any]]:
    """Return the fields of a kind of message that can only have certain values."""
    origin = get_origin(kind) or kind
    hints = get_type_hints(origin)
    return {name: frozenset(get_args(hint)) for name, hint in hints.items() if _is_literal(hint)}


def _is_literal(hint: object) -> bool:
    return get_origin(hint) is Literal


def _discriminator(fields: list[dict[str, frozenset[Any]]]) -> str | None:
    """Return the field whose values tell all members apart, `type` before any other."""
    shared = [name for name in fields[0] if all(name in other for other in fields)]
    for name in sorted(shared, key=lambda name: name != "type"):
        values = [value for field in fields for value in field[name]]
        if len(values) == len(set(values)):
            return name
    return None


def _is_validated_again(model: type[BaseModel]) -> bool:
    return model.model_config.get("revalidate_instances", "never") != "never"


def _writer(model: type[BaseModel]) -> Callable[[Any], bytes]:
    serializer = model.__pydantic_serializer__
    fields = model.model_fields.keys()
    count = len(fields)

    def write(message: Any) -> bytes:
        if len(message.__dict__) < count:
            raise _unsendable(message, f"it has no {', '.join(sorted(fields - message.__dict__.keys()))}")
        return serializer.to_json(message, by_alias=True)

    return write


def _unsendable(message: object, reason: str) -> LocalProtocolError:
    return LocalProtocolError(f"{type(message).__name__} is not a message that may be sent: {reason}")
