"""Events that applications send to each other through a channel layer."""

from collections.abc import Callable, Iterator, Mapping
from types import MemberDescriptorType
from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Secret,
    SecretBytes,
    SecretStr,
)
from pydantic_core import to_jsonable_python

from fast_channels.installation import warn_of_conflict

# Here, because nothing before this module can be of another distribution.
warn_of_conflict()


class ChannelEvent(BaseModel):
    """The base of an application's own channel-layer events.

    A subclass declares a `type: Literal[...]` with a default. The handler of this type takes the subclass:

        class ChatMessage(ChannelEvent):
            type: Literal["chat.message"] = "chat.message"
            text: str

        class Chat(AsyncWebsocketConsumer):
            async def chat_message(self, event: ChatMessage) -> None: ...

    Validation is lax, because a channel layer carries fewer types: a datetime, for example, arrives as a
    string. A field whose value would be changed by the channel layer, such as a secret, raises a `TypeError`
    when the class is defined.
    """

    # See `keep_frame()`. No private attribute of pydantic: those are part of what is compared and copied.
    __slots__ = ("_fast_channels_frame",)

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, defer_build=True)

    def to_message(self) -> dict[str, Any]:
        """Return the event as a dictionary of values that every channel layer can carry."""
        # As it has to be to become the same event again: without computed fields, for instance.
        message: dict[str, Any] = _plain(self.model_dump(by_alias=True, round_trip=True))
        return message

    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        super().__pydantic_on_complete__()
        lost = [f"{name} {why}" for name, why in _lost(cls, set())]
        if lost:
            raise TypeError(
                f"{cls.__name__} would not arrive as it was sent: {'; '.join(lost)}; change the type, or "
                "give the field a serializer"
            )


# Only the base itself is built late: that takes time, and nobody makes an instance of it.
del ChannelEvent.model_config["defer_build"]

_FRAME: MemberDescriptorType = vars(ChannelEvent)["_fast_channels_frame"]


def keep_frame(event: object) -> None:
    """Let an event keep its JSON text, because it cannot change and many clients get it.

    Args:
        event: The event; of any other object nothing is kept.
    """
    if isinstance(event, ChannelEvent):
        _FRAME.__set__(event, None)


def encoding_once(encode: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a function that writes an event as JSON, once if the event keeps its text."""

    def encode_once(event: Any) -> str:
        try:
            text: str | None = _FRAME.__get__(event)
        except AttributeError:
            return encode(event)
        if text is None:
            text = encode(event)
            _FRAME.__set__(event, text)
        return text

    return encode_once


def _lost(model: type[BaseModel], seen: set[Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a model whose values would not survive a channel layer, and why."""
    # Late: their module takes longer to load than most of this package.
    from pydantic import PlainSerializer, WrapSerializer

    own = (PlainSerializer, WrapSerializer)
    seen.add(model)
    serialized = {
        name for one in model.__pydantic_decorators__.field_serializers.values() for name in one.info.fields
    }
    for name, field in model.model_fields.items():
        if name in serialized or any(isinstance(item, own) for item in field.metadata):
            continue
        for kind in _parts(field.annotation):
            if issubclass(kind, _SECRETS):
                yield name, f"is a {kind.__name__}, which is sent as asterisks"
            elif issubclass(kind, _BadKey):
                yield name, "is a mapping whose keys are not scalar"
            elif issubclass(kind, BaseModel) and kind not in seen:
                for inner, why in _lost(kind, seen):
                    yield f"{name}.{inner}", why


class _BadKey:
    """Stands for a mapping whose keys no channel layer can carry."""


_SECRETS = (SecretStr, SecretBytes, Secret)
_NO_KEYS = (tuple, list, frozenset, bytes, BaseModel)


def _parts(annotation: Any) -> Iterator[type[Any]]:
    """Yield the classes that an annotation names, however deep."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments:
        keys = [*_parts(arguments[0])]
        if any(issubclass(key, _NO_KEYS) for key in keys):
            yield _BadKey
    if isinstance(origin or annotation, type):
        yield origin or annotation
    # Literals have values, not types.
    for argument in () if origin is Literal else arguments:
        yield from _parts(argument)


def _plain(value: object) -> Any:
    """Return a value whose parts a channel layer can carry; bytes stay bytes, which JSON could not keep."""
    return _PLAIN.get(type(value), to_jsonable_python)(value)


def _same(value: Any) -> Any:
    return value


def _list(values: Any) -> list[Any]:
    return [_plain(value) for value in values]


def _dict(values: Any) -> dict[str, Any]:
    return {str(_plain(key)): _plain(value) for key, value in values.items()}


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    **dict.fromkeys((str, int, float, bool, bytes, type(None)), _same),
    **dict.fromkeys((list, tuple, set, frozenset), _list),
    dict: _dict,
}
