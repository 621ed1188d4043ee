"""Phases of a connection: which messages the client may send in each."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic

from typing_extensions import TypeVar

from fast_channels.messages.annotations import members
from fast_channels.messages.generics import resolve_in, type_arguments
from fast_channels.messages.receivers import named
from fast_channels.untrusted import plain_repr

__all__ = ["Phase", "check_phases", "kinds_of"]

Message_co = TypeVar("Message_co", covariant=True)


class Phase(Generic[Message_co]):
    """A phase of a connection, named by its class, and the messages that the client may send in it.

        class Greeting(Phase[Login]):
            \"\"\"Before the client has said who it is.\"\"\"

    It is never instantiated. A consumer lists its phases in `phases`, and begins in the first one.
    """


def kinds_of(phase: type[Phase[Any]]) -> Any:
    """Return the type of the messages of a phase.

    Raises:
        NameError: It is declared by a name that is not defined.
    """
    return resolve_in(phase, type_arguments(phase, Phase)[0])


def check_phases(owner: str, phases: Sequence[Any], messages: Iterable[Any]) -> None:
    """Raise a `TypeError` unless every message belongs to a phase, and phases have no others.

    Args:
        owner: The class, for the text of the error.
        phases: Its phases.
        messages: The kinds of messages that there are.

    Raises:
        NameError: A phase names a message that is not defined.
    """
    strange: list[Any] = [
        phase for phase in phases if not (isinstance(phase, type) and issubclass(phase, Phase))
    ]
    if strange:
        raise TypeError(
            f"{owner}.phases has {plain_repr(strange[0])} in it, which is not a subclass of Phase"
        )
    kinds = list(messages)
    left = dict.fromkeys(kinds)
    for phase in phases:
        for kind in members(kinds_of(phase)):
            if kind not in kinds:
                raise TypeError(
                    f"{owner} has the phase {phase.__name__} with {named(kind)}, which is not a client "
                    "message: declare it, or remove it from the phase"
                )
            left.pop(kind, None)
    if phases and left:
        raise TypeError(f"{owner} has no phase with {', '.join(map(named, left))}")
