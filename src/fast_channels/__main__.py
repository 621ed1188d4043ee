"""The command `fast-channels`, also `python -m fast_channels`."""

import sys

__all__ = ["main"]

USAGE_ERROR = 2


def main() -> None:
    """Run the command, or say how to install what it needs."""
    try:
        from fast_channels.cli import command  # click is an extra
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.stderr.write('fast-channels needs more: pip install "fast-channels-typed[cli]"\n')
        sys.exit(USAGE_ERROR)
    command(prog_name="fast-channels")


if __name__ == "__main__":
    main()
