"""Serves the notifications with uvicorn: `python -m examples.notifications --port 8000`."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser

import uvicorn


def main() -> None:
    """Read the command line and serve until Ctrl-C."""
    parser = ArgumentParser("python -m examples.notifications", formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=8000, type=int, help="port to listen on, 0 for any that is free")
    options = parser.parse_args()
    # A stream of events ends when its client leaves, so the server does not wait for it.
    uvicorn.run(
        "examples.notifications.app:app",
        host=options.host,
        port=options.port,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
