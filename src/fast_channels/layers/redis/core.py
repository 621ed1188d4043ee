"""The channel layer whose named channels are queues that wait for workers."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.base import ReceivedMessage, SentMessage
from fast_channels.layers.delivery import Delivery
from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.overflow import DEFAULT_OVERFLOW, Overflow
from fast_channels.layers.redis.pubsub import RedisPubSubChannelLayer
from fast_channels.layers.redis.queue import Queue
from fast_channels.layers.redis.stored_queue import put
from fast_channels.layers.redis.transport import RedisTransport
from fast_channels.layers.redis.type_defs import ChannelRawRedisHost, SymmetricEncryptionKeys
from fast_channels.layers.values import plain_message
from fast_channels.type_defs import ChannelCapacityDict

__all__ = ["ChannelFull", "RedisChannelLayer"]

_SPECIAL = re.compile(r"[*?\[\]\\]")


class RedisChannelLayer(RedisPubSubChannelLayer):
    """Works like `RedisPubSubChannelLayer`, and keeps messages to named channels for workers.

    A named channel (without a `!`) is a queue in Redis. Each message goes to one receiver among all
    processes; it waits for a receiver for `expiry` seconds. `send()` raises `ChannelFull` when `capacity`
    messages wait. A message is taken from Redis only when a receiver waits for it. Delivery is at most once:
    a message is lost when its worker is killed, and waiting messages are lost when a Redis without
    persistence restarts. Groups and channels of `new_channel()` are not queues; a named channel is a member
    of a group in the process that added it.

    Args:
        hosts: See `RedisPubSubChannelLayer`, also for the other arguments.
        prefix: The beginning of all names in Redis.
        expiry: Seconds after which an unread message is dropped.
        group_expiry: Has no effect: a membership ends with its channel or its process.
        capacity: The largest number of unread messages of a channel.
        channel_capacity: Other capacities, by glob or compiled regular expression.
        symmetric_encryption_keys: The first key encrypts all messages; each of them decrypts.
        random_prefix_length: Has no effect: a queue may contain equal messages.
        serializer_format: The name of a registered serializer.
        overflow: What a full channel does that is not a queue.
        ping_interval: Seconds of silence after which a PING is sent to a server.
        clock: Returns the time in seconds; it must never go back. Queues use the clock of the server.

    Raises:
        TypeError: The prefix is not a string, or a host has an option that redis-py does not know.
        ValueError: A capacity is less than 1, the expiry or the ping interval is not more than 0, hosts or
            keys are a string instead of a list, a host is malformed, or `overflow` is not a policy.
        KeyError: No serializer is registered under the name.
    """

    def __init__(
        self,
        hosts: Sequence[ChannelRawRedisHost] | None = None,
        prefix: str = "asgi",
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
        symmetric_encryption_keys: SymmetricEncryptionKeys | None = None,
        random_prefix_length: int = 12,
        serializer_format: str = "msgpack",
        *,
        overflow: Overflow = DEFAULT_OVERFLOW,
        ping_interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            hosts,
            prefix,
            expiry=expiry,
            capacity=capacity,
            channel_capacity=channel_capacity,
            overflow=overflow,
            ping_interval=ping_interval,
            symmetric_encryption_keys=symmetric_encryption_keys,
            serializer_format=serializer_format,
            clock=clock,
        )

    async def send(self, channel: str, message: SentMessage) -> None:
        """Send a message to a channel; a named one keeps it until a worker takes it.

        Raises:
            ChannelFull: The queue holds as many unread messages as its capacity allows.
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
            redis.exceptions.ConnectionError: There was no connection in time, or it was lost before the
                server had answered.
            redis.exceptions.ResponseError: The server is a node of a Redis Cluster that does not hold the
                queue, or has no memory left.
        """
        self.require_valid_channel_name(channel)
        if "!" in channel:
            await super().send(channel, message)
            return
        frame = self.serialize(plain_message(message))
        key, capacity = self._queue_key(channel), self.get_capacity(channel)
        shard = self._deliveries.here().transport.shard(key)
        accepted, outdated = await put(shard, key, frame, capacity=capacity, expiry=self.expiry)
        self.queue_counts.outdated += outdated
        if not accepted:
            raise ChannelFull(f"channel {channel!r} is full: its capacity is {capacity} unread messages")

    async def receive(self, channel: str) -> ReceivedMessage:
        """Wait for the next message of a channel; each goes to exactly one of those who wait.

        A cancelled call loses no message.

        Raises:
            TypeError: The name is not valid.
            RuntimeError: The channel was closed meanwhile.
            redis.exceptions.ConnectionError: The first call found no connection in time, or the layer was
                closed meanwhile.
            redis.exceptions.ResponseError: The server is a node of a Redis Cluster that does not hold the
                queue.
        """
        if type(channel) is str and "!" in channel:
            return await super().receive(channel)
        self.require_valid_channel_name(channel)
        delivery = self._deliveries.here()
        queue = self._queue(delivery, channel)
        await queue.listen()
        # When this has begun to wait.
        asyncio.get_running_loop().call_soon(queue.wake)
        try:
            return await delivery.mailroom.receive(channel)
        finally:
            queue.left()

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox | None:
        """Attach a consumer to a channel of this process, until `close_channel()`.

        Returns:
            The mailbox to take the messages from; `None` for a named channel, which has to be asked.

        Raises:
            RuntimeError: A consumer listens on the channel already.
            TypeError: The name is not valid.
        """
        self.require_valid_channel_name(channel)
        return super().listen(channel, notify) if "!" in channel else None

    async def close_channel(self, channel: str) -> None:
        """Forget a channel here: what waits in its queue waits for others.

        Raises:
            TypeError: The name is not valid.
        """
        self.require_valid_channel_name(channel)
        key, delivery = self._queue_key(channel), self._deliveries.here()
        queue = delivery.signals.pop(key, None)
        if queue is not None:
            delivery.transport.unsubscribe(key)
            await queue.close()
        await super().close_channel(channel)

    async def flush(self) -> None:
        """Remove all queues of this prefix, and the unread messages and groups of this event loop."""
        await super().flush()
        pattern = _SPECIAL.sub(r"\\\g<0>", f"{self.prefix}__queue__!") + "*"
        for link in self._deliveries.here().transport.links():
            cursor: bytes = b"0"
            while True:
                cursor, keys = await link.ask("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
                if keys:
                    await link.ask("UNLINK", *keys)
                if cursor == b"0":
                    break

    async def close_pools(self) -> None:
        """Do what `close()` does, under the name that the published package has for it."""
        await self.close()

    def _queue_key(self, channel: str) -> str:
        # In braces, by which Redis Cluster keeps what has to do with a queue on the node of the queue.
        return f"{self.prefix}__queue__!{{{channel}}}"

    def _queue(self, delivery: Delivery[RedisTransport], channel: str) -> Queue:
        key = self._queue_key(channel)
        queue = delivery.signals.get(key)
        if not isinstance(queue, Queue):
            queue = delivery.signals[key] = Queue(delivery, self.queue_counts, channel, key)
        return queue
