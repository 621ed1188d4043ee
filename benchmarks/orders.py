"""What the runner says to a worker, and a server to its clients."""

from typing import TypedDict


class Order(TypedDict):
    """What a worker is to measure.

    Attributes:
        meter: A key of METERS in `worker.py`.
        scenario: What it measures.
        events: How many of them.
        marks: Whether valgrind counts, rather than a clock.
        uvloop: Whether uvloop's event loop runs.
        url: Of the Redis server, if there has to be one.
    """

    meter: str
    scenario: str
    events: int
    marks: bool
    uvloop: bool
    url: str


class ClientsOrder(TypedDict):
    """What the clients of a server are to do.

    Attributes:
        port: Of the server.
        connections: How many there are.
        path: Of the handshake, with the query string.
        hello: The frame with which a client begins, if there is one.
        question: What each says; empty: all of them only listen.
        message: What the frames begin with that are answers.
        events: How many answers there are in all, of each broadcast one for each client.
        paced: How many answers the latency is measured with, 0 for none.
    """

    port: int
    connections: int
    path: str
    hello: str
    question: str
    message: str
    events: int
    paced: int
