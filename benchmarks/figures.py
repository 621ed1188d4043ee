"""What was measured, in every round, and what follows from it."""

import statistics
from typing import NamedTuple, TypeAlias

from pydantic import BaseModel

Rounds: TypeAlias = list[float]
"""A value of each round; one alone where it is the same in each."""

Figures: TypeAlias = dict[str, dict[str, dict[str, Rounds]]]
"""Rounds by scenario, contestant and unit."""


class Spread(NamedTuple):
    """How values lie: nine of ten are above `p10`, and nine of ten below `p90`."""

    p10: float
    median: float
    p90: float


def spread(rounds: Rounds) -> Spread:
    """Return how the values of the rounds lie."""
    if len(rounds) == 1:
        return Spread(rounds[0], rounds[0], rounds[0])
    deciles = statistics.quantiles(rounds, n=10, method="inclusive")
    return Spread(deciles[0], statistics.median(rounds), deciles[-1])


def quotient(ours: Rounds, base: Rounds) -> Rounds:
    """Return how many times `base` ours is, in each round if both ran in the same ones."""
    if len(ours) == len(base):
        return [one / other for one, other in zip(ours, base, strict=True)]
    return [statistics.median(ours) / statistics.median(base)]


class Machine(BaseModel):
    """Where something was measured; it says nothing about whose machine it is.

    Attributes:
        cpu: What the processor calls itself.
        cores: How many there are.
        memory: In GiB.
        system: The operating system.
        load: How many processes wanted a core at the beginning and at the end, the benchmark's own included.
    """

    cpu: str
    cores: int
    memory: int
    system: str
    load: tuple[float, float]


class Record(BaseModel):
    """One run of the benchmark.

    Attributes:
        date: Its day.
        machine: Its machine.
        versions: Of Python, this library, and everything that took part.
        figures: What was measured.
    """

    date: str
    machine: Machine
    versions: dict[str, str]
    figures: Figures


class Sample(BaseModel):
    """One second under load.

    Attributes:
        second: Since all clients are connected.
        memory: Of the server, in MiB.
        tasks: Of its event loop.
        answers: How many clients got one.
        p50: Half of the answers took no longer, in milliseconds.
        p99: 99 of 100 answers took no longer.
    """

    second: float
    memory: float
    tasks: int
    answers: int
    p50: float
    p99: float


class Account(BaseModel):
    """What has become of numbered messages that two servers with one Redis sent to a group.

    Attributes:
        seconds: For how long they were sent.
        members: How many clients the group had, at both servers.
        sent: How many messages both servers have sent.
        delivered: How many frames all members got.
        counted: How many messages the members were told they missed, by `ChannelGap` events.
        missing: How many a member neither got nor was told of.
        disorder: How many came after a later one of the same sender, or twice.
        delivery: Microseconds of CPU of both servers, for each delivery.
    """

    seconds: float
    members: int
    sent: int
    delivered: int
    counted: int
    missing: int
    disorder: int
    delivery: float


class LoadRecord(BaseModel):
    """One run of the load.

    Attributes:
        date: Its day.
        machine: Its machine.
        versions: Of Python, this library, and everything that took part.
        idle: How many consumers did nothing.
        busy: How many were asked, once each second.
        samples: What happened in each second.
        accounts: What happened with Redis, by the rate: `"full"`, or `"paced"`.
    """

    date: str
    machine: Machine
    versions: dict[str, str]
    idle: int
    busy: int
    samples: list[Sample]
    accounts: dict[str, Account]
