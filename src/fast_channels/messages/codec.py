"""How the messages of an application become JSON texts and back."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, cached_property, partial, reduce
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, from_json
from typing_extensions import get_type_hints

from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages.annotations import has_fields, members
from fast_channels.messages.errors import failed_places, sentence, shortened
from fast_channels.messages.event import ChannelEvent, encoding_once
from fast_channels.messages.json_rules import checker, reader, writer
from fast_channels.messages.older_python import validatable
from fast_channels.messages.request import Request, reply_type
from fast_channels.untrusted import shown

excerpt = shown
"""Returns the beginning of a frame in a form that can be logged: on one line, and in ASCII."""


def exceeds(payload: str | bytes, limit: int) -> bool:
    """Tell whether a payload is longer than a number of bytes; a string is UTF-8 on the wire."""
    length = len(payload)
    if length > limit:
        return True
    # A character has at most four bytes, so most strings need not be encoded to be measured.
    if isinstance(payload, bytes) or 4 * length <= limit or payload.isascii():
        return False
    return len(payload.encode("utf-8", "surrogatepass")) > limit


def too_big(payload: str | bytes, limit: int) -> InvalidMessageError:
    """Return the error for a frame whose payload is longer than a number of bytes."""
    return InvalidMessageError(
        f"a WebSocket frame is larger than max_message_size, {shown(limit)} bytes",
        code=CloseCode.MESSAGE_TOO_BIG.value,
        errors=[("", f"Input should have at most {limit} bytes")],
        excerpt=shown(payload),
    )


def invalid_frame(text: str | bytes | None) -> InvalidMessageError:
    """Return the error for a frame that cannot be JSON: one that is binary, or empty."""
    if text == "":
        return InvalidMessageError(
            "No text section for incoming WebSocket frame! It is empty", code=CloseCode.INVALID_PAYLOAD.value
        )
    problem = "No text section for incoming WebSocket frame!"
    return InvalidMessageError(problem, code=CloseCode.UNSUPPORTED_DATA.value)


def not_json(text: str, error: Exception) -> InvalidMessageError:
    """Return the error for a text that is not JSON, or no JSON that anybody can read."""
    reason = shortened(str(error))
    return InvalidMessageError(
        f"a WebSocket frame is not JSON: {reason}",
        code=CloseCode.INVALID_PAYLOAD.value,
        errors=[("", reason)],
        excerpt=shown(text),
    )


def not_a_message(payload: object, error: ValidationError) -> InvalidMessageError:
    """Return the error for a frame that is JSON, and not a message of the type that is asked for."""
    return InvalidMessageError(
        f"a WebSocket frame is not a message: {sentence(error)}",
        code=CloseCode.INVALID_PAYLOAD.value,
        errors=failed_places(error),
        excerpt=shown(payload),
    )


class Codec:
    """Turns JSON texts into the messages of a type, and messages into texts; nothing else passes.

    A union whose members share a `Literal` field is discriminated by it, so that an error is about the one
    member that was meant.

    Args:
        annotation: Returns the type; called when the first message comes, so that every module has been
            imported by then.
        strict: Whether a string may be read as a number, a number as a boolean and the like, which it may not
            if this is true. A model or a field can have a setting of its own.
    """

    def __init__(self, annotation: Callable[[], Any], *, strict: bool = False) -> None:
        self.declared = annotation
        self.strict = strict

    @cached_property
    def type_(self) -> Any:
        """The type of the messages, discriminated."""
        return discriminated(self.declared())

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """The pydantic adapter of the type."""
        try:
            return TypeAdapter(validatable(self.type_))
        except PydanticUserError:
            # What looks like a discriminator may not be one for pydantic, such as a field with an alias.
            return TypeAdapter(validatable(self.declared()))

    @cached_property
    def _read(self) -> Callable[[str], Any]:
        return reader(self.adapter.core_schema, strict=self.strict)

    @cached_property
    def _check(self) -> Callable[[object], Any]:
        return checker(self.adapter.core_schema)

    @cached_property
    def _write(self) -> Callable[[Any], bytes]:
        write = writer(self.adapter.core_schema)
        return partial(self.adapter.dump_json, by_alias=True) if write is None else write

    @cached_property
    def _models(self) -> Mapping[Any, Callable[[Any], str]]:
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
            return self._read(text)
        except ValidationError as error:
            invalid = not_a_message(text, error)
        # Out here, so that nothing that logs the error writes down all that pydantic knows of the frame.
        raise invalid

    def check(self, value: Any) -> Any:
        """Return the message that a decoded value is.

        Raises:
            InvalidMessageError: It is none.
        """
        try:
            return self._check(value)
        except ValidationError as error:
            invalid = not_a_message(value, error)
        raise invalid

    def encode(self, message: Any) -> str:
        """Return a message as a JSON text.

        Raises:
            LocalProtocolError: It is not a message of this type.
        """
        write = self._models.get(type(message))
        try:
            if write is not None:
                return write(message)
            return self._write(self.sendable(message)).decode()
        except ValidationError as error:
            unsendable = _unsendable(message, sentence(error))
        except PydanticSerializationError as error:
            unsendable = _unsendable(message, shortened(str(error)))
        raise unsendable

    def sendable(self, message: Any) -> Any:
        """Return a message that is about to be sent, validated.

        Raises:
            LocalProtocolError: It is not a message of this type.
        """
        try:
            return self.adapter.validator.validate_python(message)
        except ValidationError as error:
            unsendable = _unsendable(message, sentence(error))
        raise unsendable

    @cached_property
    def requests(self) -> Mapping[Any, "Replies"]:
        """What the replies are to the messages that ask for some."""
        return {
            kind: Replies(kind)
            for kind in members(self.declared())
            if isinstance(kind, type) and issubclass(kind, Request)
        }

    def reply(self, message: Any, answer: Any) -> Any:
        """Return the answer to a message, with the field that tells to which message it belongs.

        Raises:
            LocalProtocolError: The message asks for replies of another type, or the value of its field does
                not fit that of the reply.
        """
        replies = self.requests.get(type(message))
        return answer if replies is None else replies.of(message, answer)

    def correlation(self, text: str) -> tuple[str, Any] | None:
        """Return the field that tells to which message a reply belongs, and its value in a frame.

        The frame may be no message; where it has no such field, there is nothing to be told.
        """
        names = {
            request.field: request.key for request in self.requests.values() if request.field is not None
        }
        if not names:
            return None
        try:
            content: Any = from_json(text)
        except ValueError:
            return None
        found: dict[str, Any] = content if _is_object(content) else {}
        return next(((name, found[key]) for name, key in names.items() if key in found), None)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


class Replies:
    """What may be answered to one kind of message.

    Args:
        request: The class of the message.

    Attributes:
        field: The name of the field that its replies take over, `None` for none.
        key: The key of that field in JSON.
    """

    def __init__(self, request: Any) -> None:
        self.request: type[Request[Any]] = request
        self.field: str | None = request.correlation_field
        fields: Mapping[str, Any] = getattr(request, "model_fields", {})
        described = fields.get(self.field or "")
        alias = None if described is None else described.validation_alias
        self.key: str | None = alias if isinstance(alias, str) else self.field
        self._type = reply_type(request)
        self._codec = Codec(lambda: self._type)
        self._classes = frozenset(kind for kind in members(self._type) if isinstance(kind, type))

    def of(self, message: Any, answer: Any) -> Any:
        """Return an answer to a message, checked, with the field that it takes over.

        Raises:
            LocalProtocolError: It is none, or the value of the field does not fit.
        """
        if type(answer) not in self._classes:
            answer = self._checked(answer)
        if self.field is None:
            return answer
        try:
            return taking_over(answer, self.field, getattr(message, self.field))
        except ValidationError as error:
            wrong = (
                f"the reply to {self._name} cannot have the {self.field} of the request: {sentence(error)}"
            )
        raise LocalProtocolError(wrong)

    def _checked(self, answer: Any) -> Any:
        try:
            return self._codec.sendable(answer)
        except LocalProtocolError:
            returned = "None" if answer is None else type(answer).__name__
        raise LocalProtocolError(
            f"the handler of {self._name} has to return {_named(self._type)}, not {returned}"
        )

    @property
    def _name(self) -> str:
        return self.request.__name__


def _named(kind: Any) -> str:
    """Return a type as it is written, without modules."""
    return " | ".join(getattr(one, "__name__", str(one)) for one in members(kind))


def _class_of(value: object) -> Any:
    return type(value)


def taking_over(reply: Any, name: str, value: Any) -> Any:
    """Return a reply with the value of a field that it has and does not set, any other as it is.

    A dataclass and a `NamedTuple` do not set what they leave at its default.

    Raises:
        ValidationError: The value does not fit the field.
    """
    kind: Any = _class_of(reply)
    if isinstance(reply, BaseModel):
        if name not in kind.model_fields or name in reply.model_fields_set:
            return reply
        return kind.model_validate({**dict(reply), name: value}, by_name=True)
    if is_dataclass(reply):
        defaults = {field.name: field.default for field in fields(reply) if field.init}
        if defaults.get(name, MISSING) is not getattr(reply, name, MISSING):
            return reply
        values = {one: getattr(reply, one) for one in defaults}
        return _adapter(kind).validate_python({**values, name: value})
    if (defaults := getattr(kind, "_field_defaults", {})) and name in defaults:
        values = reply._asdict()
        return (
            _adapter(kind).validate_python({**values, name: value})
            if values[name] is defaults[name]
            else reply
        )
    return reply


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def discriminated(annotation: Any) -> Any:
    """Return a union with the discriminator that its members share, anything else as it is."""
    if get_origin(annotation) is Annotated:
        return annotation
    every = list(dict.fromkeys(members(annotation)))
    kinds = [kind for kind in every if kind is not type(None)]
    if len(kinds) < 2 or not all(has_fields(kind) for kind in kinds):
        return annotation
    name = discriminator([literal_fields(kind) for kind in kinds])
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


def discriminator(fields: list[dict[str, frozenset[Any]]]) -> str | None:
    """Return the field whose values tell all members apart, `type` before any other."""
    shared = [name for name in fields[0] if all(name in other for other in fields)]
    for name in sorted(shared, key=lambda name: name != "type"):
        values = [value for field in fields for value in field[name]]
        if len(values) == len(set(values)):
            return name
    return None


def _is_validated_again(model: type[BaseModel]) -> bool:
    return model.model_config.get("revalidate_instances", "never") != "never"


def _writer(model: type[BaseModel]) -> Callable[[Any], str]:
    careful = writer(model.__pydantic_core_schema__)
    serialize = model.__pydantic_serializer__.to_json
    fields = model.model_fields.keys()
    count = len(fields)

    def write(message: Any) -> str:
        if len(message.__dict__) < count:
            raise _unsendable(message, f"it has no {', '.join(sorted(fields - message.__dict__.keys()))}")
        text = serialize(message, by_alias=True) if careful is None else careful(message)
        return text.decode()

    return encoding_once(write) if issubclass(model, ChannelEvent) else write


def _unsendable(message: object, reason: str) -> LocalProtocolError:
    return LocalProtocolError(f"{type(message).__name__} is not a message that may be sent: {reason}")
