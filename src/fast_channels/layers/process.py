"""Which process this is: asked for each message, and the system takes longer to say it than all else."""

import os

__all__ = ["forget", "process_id"]

_process_id = os.getpid()


def process_id() -> int:
    """Return the number of this process, which is another one after a fork."""
    return _process_id


def forget() -> None:
    """Ask the system anew, in a forked process."""
    global _process_id
    _process_id = os.getpid()


if hasattr(os, "register_at_fork"):
    # Windows does not fork.
    os.register_at_fork(after_in_child=forget)
