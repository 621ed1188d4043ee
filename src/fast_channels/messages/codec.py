"""How the messages of an application become JSON texts and back."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import CoreSchema, PydanticSerializationError

from fast_channels.exceptions import LocalProtocolError
from fast_channels.messages.annotations import members
from fast_channels.messages.errors import sentence, shortened
from fast_channels.messages.event import ChannelEvent, encoding_once
from fast_channels.messages.frames import not_a_message
from fast_channels.messages.json_rules import checker, reader, tag_depth, writer
from fast_channels.messages.older_python import validatable
from fast_channels.messages.request import Request, reply_type
from fast_channels.untrusted import kind_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Codec:
    """Turns JSON texts into the messages of a type, and messages into texts; nothing else passes.

    A union whose members share a `Literal` field is discriminated by it, so that an error is about the one
    member that was meant.

    Args:
        annotation: Returns the type; called when the first message comes, so that every module has been
            imported by then.
        strict: Whether a string may be read as a number, a number as a boolean and the like, which it may not
            if this is true. A model or a field can have a setting of its own.
        omit_none: Whether a field that is `None` is left out of what is written.
    """

    def __init__(
        self, annotation: Callable[[], Any], *, strict: bool = False, omit_none: bool = False
    ) -> None:
        self.declared = annotation
        self.strict = strict
        self.omit_none = omit_none

    @cached_property
    def type_(self) -> Any:
        """The type of the messages, discriminated."""
        # Late, here and below: an application without messages of its own needs none of it.
        from fast_channels.messages.unions import discriminated

        return discriminated(self.declared())

    @cached_property
    def adapter(self) -> "TypeAdapter[Any]":
        """The pydantic adapter of the type."""
        from pydantic import TypeAdapter

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

    def _careful(self, schema: CoreSchema) -> Callable[[Any], Any] | None:
        """Return what writes what a core schema describes, `None` if the serializer that it has will do."""
        return writer(schema, omit_none=self.omit_none)

    @cached_property
    def _write(self) -> Callable[[Any], Any]:
        plain = partial(self.adapter.dump_json, by_alias=True, exclude_none=self.omit_none)
        return self._careful(self.adapter.core_schema) or plain

    @cached_property
    def _models(self) -> Mapping[Any, Callable[[Any], str]]:
        # A model knows best how it is written; going through the union costs twice as much.
        kinds = [
            kind
            for kind in members(self.declared())
            if isinstance(kind, type) and issubclass(kind, BaseModel) and not _is_validated_again(kind)
        ]
        _ = self.adapter
        return {kind: self._writer(kind) for kind in kinds}

    def _writer(self, model: type[BaseModel]) -> Callable[[Any], str]:
        careful = self._careful(model.__pydantic_core_schema__)
        serialize = model.__pydantic_serializer__.to_json
        if careful is None and self.omit_none:
            careful = partial(serialize, by_alias=True, exclude_none=True)
        fields = model.model_fields.keys()
        count = len(fields)

        def write(message: Any) -> str:
            if len(message.__dict__) < count:
                raise incomplete(message)
            text: bytes = serialize(message, by_alias=True) if careful is None else careful(message)
            return text.decode()

        # An event keeps one text, with all its fields.
        return encoding_once(write) if issubclass(model, ChannelEvent) and not self.omit_none else write

    def decode(self, text: str) -> Any:
        """Return the message that a JSON text is.

        Raises:
            InvalidMessageError: It is none.
        """
        try:
            return self._read(text)
        except ValidationError as error:
            invalid = not_a_message(text, error, tags=self._tags)
        # Out here, so that nothing that logs the error writes down all that pydantic knows of the frame.
        try:
            raise invalid
        finally:
            # It refers to this frame, which would refer to it.
            del invalid

    def check(self, value: Any) -> Any:
        """Return the message that a decoded value is.

        Raises:
            InvalidMessageError: It is none.
        """
        try:
            return self._check(value)
        except ValidationError as error:
            invalid = not_a_message(value, error, tags=self._tags, parse=lambda _: value)
        try:
            raise invalid
        finally:
            # It refers to this frame, which would refer to it.
            del invalid

    @cached_property
    def _tags(self) -> int:
        return tag_depth(self.adapter.core_schema)

    def encode(self, message: Any) -> str:
        """Return a message as a JSON text.

        Raises:
            LocalProtocolError: It is not a message of this type.
        """
        write = self._models.get(type(message))
        try:
            if write is not None:
                return write(message)
            return self._written(self.sendable(message))
        except ValidationError as error:
            refused = unsendable(message, sentence(error))
        except PydanticSerializationError as error:
            refused = unsendable(message, shortened(str(error)))
        try:
            raise refused
        finally:
            # It refers to this frame, which would refer to it.
            del refused

    def _written(self, message: Any) -> str:
        text: bytes = self._write(message)
        return text.decode()

    def sendable(self, message: Any) -> Any:
        """Return a message that is about to be sent, validated.

        Raises:
            LocalProtocolError: It is not a message of this type.
        """
        try:
            return self.adapter.validator.validate_python(message)
        except ValidationError as error:
            refused = unsendable(message, sentence(error))
        try:
            raise refused
        finally:
            # It refers to this frame, which would refer to it.
            del refused

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

    def correlation(self, value: object) -> tuple[str, Any] | None:
        """Return the field that tells to which message a reply belongs, and its value in a frame.

        Args:
            value: The value that the frame is, which may be no message; where it has no such field, there is
                nothing to be told.
        """
        names = {
            request.field: request.key for request in self.requests.values() if request.field is not None
        }
        content: Any = value
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
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _is_validated_again(model: type[BaseModel]) -> bool:
    return model.model_config.get("revalidate_instances", "never") != "never"


def incomplete(message: BaseModel) -> LocalProtocolError:
    """Return the error for a model that was made without validation, and without a field."""
    missing = type(message).model_fields.keys() - message.__dict__.keys()
    return unsendable(message, f"it has no {', '.join(sorted(missing))}")


def unsendable(message: object, reason: str) -> LocalProtocolError:
    """Return the error for what is about to be sent and may not be."""
    name = kind_of(message) if isinstance(message, type) else type(message).__name__
    return LocalProtocolError(f"{name} is not a message that may be sent: {reason}")
