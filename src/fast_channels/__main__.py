"""The command `fast-channels`, also `python -m fast_channels`."""

import sys

from fast_channels.installation import conflict, how_to_install

__all__ = ["main"]

USAGE_ERROR = 2


def main() -> None:
    """Run the command, or say how to install what it needs."""
    try:
        from fast_channels.cli import command  # click is an extra
    except ImportError as error:
        sentence = conflict() or (
            f"the command needs more packages: {how_to_install('cli')}" if error.name == "click" else None
        )
        if sentence is None:
            raise
        sys.stderr.write(f"fast-channels: {sentence}\n")
        sys.exit(USAGE_ERROR)
    command(prog_name="fast-channels")


if __name__ == "__main__":
    main()
