"""Events that applications send to each other through a channel layer."""

from typing import Any

from pydantic import BaseModel, ConfigDict


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

    model_config = ConfigDict(frozen=True)

    def to_message(self) -> dict[str, Any]:
        """Return the event as a channel layer carries it: a dictionary of plain values."""
        return self.model_dump(mode="json")
