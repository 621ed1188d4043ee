"""What runs a consumer: an event loop of asyncio, and no other."""

import asyncio

__all__ = ["require_asyncio"]


def require_asyncio(consumer: type) -> None:
    """Do nothing where an event loop of asyncio runs.

    Args:
        consumer: The class that is to serve a connection.

    Raises:
        RuntimeError: None does, as under trio.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"{consumer.__name__} needs asyncio, and no asyncio event loop is running; run the server on "
            "asyncio (fast_channels does not support trio)"
        ) from None
