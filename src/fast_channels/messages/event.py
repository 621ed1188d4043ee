"""Events that applications send to each other through a channel layer."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from fast_channels.installation import warn_of_conflict

# Here, because nothing before this module can be of another distribution.
warn_of_conflict()


class ChannelEvent(BaseModel):
    """The base of an application's own channel-layer events.

    A subclass declares a `type: Literal[...]` with a default, and the handler that the type names takes
    the subclass:

        class ChatMessage(ChannelEvent):
            type: Literal["chat.message"] = "chat.message"
            text: str

        class Chat(AsyncWebsocketConsumer):
            async def chat_message(self, event: ChatMessage) -> None: ...

    Validation is lax, as it has to be behind a channel layer: what left as a datetime may arrive as text.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, defer_build=True)

    def to_message(self) -> dict[str, Any]:
        """Return the event as every channel layer can carry it: a dictionary of plain values."""
        message: dict[str, Any] = _plain(self.model_dump(by_alias=True))
        return message


# Only the base itself is built late: that takes time, and nobody makes an instance of it.
del ChannelEvent.model_config["defer_build"]


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
