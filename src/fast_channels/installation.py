"""Which distributions are installed, and how one installs this one."""

import warnings
from functools import cache

__all__ = ["DISTRIBUTION", "conflict", "how_to_install", "warn_of_conflict"]

DISTRIBUTION = "fast-channels-typed"
_OTHER = "fast-channels"


def how_to_install(extra: str) -> str:
    """Return the commands that install the distribution with an extra."""
    return (
        f'pip install "{DISTRIBUTION}[{extra}]", or in a checkout of its repository: pip install ".[{extra}]"'
    )


def conflict() -> str | None:
    """Return a sentence if another distribution of the same import name is installed too, else `None`."""
    # Late, as its import takes some milliseconds; pydantic imports it too, but not everybody has come so far.
    from importlib.metadata import PackageNotFoundError, version

    try:
        other = version(_OTHER)
    except PackageNotFoundError:
        return None
    return (
        f"{_OTHER} {other} is installed beside {DISTRIBUTION}, and each has overwritten files of the other; "
        f"run pip uninstall {_OTHER} {DISTRIBUTION}, and install the one that you want again"
    )


@cache
def warn_of_conflict() -> None:
    """Warn once if another distribution of the same import name is installed too.

    Packages that only this distribution has call it before they import anything that may be overwritten.
    """
    sentence = conflict()
    if sentence is not None:
        warnings.warn(sentence, RuntimeWarning, stacklevel=2)
