"""Which channels are members of which groups."""

from typing import Generic, TypeVar

__all__ = ["Memberships"]

T = TypeVar("T")


class Memberships(Generic[T]):
    """Members by group, and groups by member.

    Attributes:
        members: What is known of each member, by group and channel, in the order of joining. A group is here
            while it has members.
    """

    __slots__ = ("_groups_of", "members")

    def __init__(self) -> None:
        self.members: dict[str, dict[str, T]] = {}
        self._groups_of: dict[str, set[str]] = {}

    def of(self, channel: str) -> tuple[str, ...]:
        """Return the groups of a channel."""
        return tuple(self._groups_of.get(channel, ()))

    def add(self, group: str, channel: str, known: T) -> bool:
        """Make a channel a member; return whether it was none."""
        members = self.members.setdefault(group, {})
        new = channel not in members
        members[channel] = known
        self._groups_of.setdefault(channel, set()).add(group)
        return new

    def discard(self, group: str, channel: str) -> bool:
        """End a membership, if there is one; return whether it was the last of the group."""
        members = self.members.get(group, {})
        if channel not in members:
            return False
        del members[channel]
        groups = self._groups_of[channel]
        groups.discard(group)
        if not groups:
            del self._groups_of[channel]
        if members:
            return False
        del self.members[group]
        return True

    def clear(self) -> None:
        """End all memberships."""
        self.members.clear()
        self._groups_of.clear()
