"""Messages in frames of any form: what knows the form, and what does the rest."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import Codec, incomplete, unsendable
from fast_channels.messages.errors import shortened
from fast_channels.messages.frames import not_a_message, undecodable, unsupported
from fast_channels.messages.json_rules import checker, dumper

__all__ = ["FrameCodec", "FramedCodec"]


class FrameCodec(Protocol):
    """Reads and writes frames of one form, and knows nothing of messages."""

    @property
    def binary(self) -> bool | None:
        """Whether it reads binary frames, `None` for one that reads both kinds."""
        ...

    def decode(self, frame: Any, /) -> object:
        """Return the value that a frame is: strings, numbers, bytes, lists, dictionaries and the like.

        Args:
            frame: The payload, `bytes` of a binary frame and a `str` of any other.

        Raises:
            ValueError: It is none.
        """
        ...

    def encode(self, value: Any, /) -> str | bytes:
        """Return the payload of a frame for a value.

        Args:
            value: What `model_dump()` of pydantic makes of a message.

        Raises:
            TypeError: No frame can say it; or a `ValueError`.
        """
        ...


class FramedCodec(Codec):
    """Turns frames of any form into the messages of a type, and messages into frames; nothing else passes.

    Args:
        annotation: Returns the type, as for `Codec`.
        frames: Returns what reads and writes the frames.
        omit_none: Whether a field that is `None` is left out of what is written.
    """

    def __init__(
        self, annotation: Callable[[], Any], frames: Callable[[], FrameCodec], *, omit_none: bool = False
    ) -> None:
        super().__init__(annotation, strict=True, omit_none=omit_none)
        self._find_frames = frames

    @cached_property
    def frames(self) -> FrameCodec:
        """What reads and writes the frames."""
        return self._find_frames()

    @cached_property
    def _check(self) -> Callable[[object], Any]:
        return checker(self.adapter.core_schema, strict=True)

    def _careful(self, schema: Any) -> Callable[[Any], Any]:
        return dumper(schema, omit_none=self.omit_none)

    def _writer(self, model: type[BaseModel]) -> Callable[[Any], Any]:
        dump = self._careful(model.__pydantic_core_schema__)
        count = len(model.model_fields)

        def write(message: Any) -> Any:
            if len(message.__dict__) < count:
                raise incomplete(message)
            return dump(message)

        return write

    def _written(self, message: Any) -> Any:
        return self._write(message)

    def decode(self, text: str | bytes | None) -> Any:
        """Return the message that the payload of a frame is.

        Raises:
            InvalidMessageError: It is none.
        """
        frame = text
        binary = self.frames.binary
        if frame is None or (binary is not None and isinstance(frame, bytes) is not binary):
            raise unsupported(frame)
        try:
            value = self.frames.decode(frame)
        except InvalidMessageError:
            raise
        except (ValueError, RecursionError) as error:
            invalid = undecodable(frame, error)
        else:
            try:
                return self._check(value)
            except ValidationError as error:
                invalid = not_a_message(frame, error, tags=self._tags, parse=lambda _: value)
        try:
            raise invalid
        finally:
            # It refers to this frame, which would refer to it.
            del invalid

    def encode(self, message: Any) -> Any:
        """Return a message as the payload of a frame.

        Raises:
            LocalProtocolError: It is not a message of this type, or nothing that a frame can say.
        """
        value: Any = super().encode(message)
        try:
            return self.frames.encode(value)
        except (TypeError, ValueError) as error:
            refused = unsendable(message, shortened(str(error)))
        try:
            raise refused
        finally:
            # It refers to this frame, which would refer to it.
            del refused
