"""A consumer runs on asyncio, and says so anywhere else."""

from typing import Any

import pytest

from fast_channels.consumer import AsyncWebsocketConsumer


def test_without_an_event_loop_of_asyncio_nothing_is_served() -> None:
    """Under trio, for example, the first connection says what is needed."""

    async def unused(*_: Any) -> Any:
        """Never called."""

    serving = AsyncWebsocketConsumer.as_asgi()({"type": "websocket", "path": "/"}, unused, unused)

    with pytest.raises(
        RuntimeError, match=r"^AsyncWebsocketConsumer needs asyncio, .* does not support trio"
    ):
        serving.send(None)
