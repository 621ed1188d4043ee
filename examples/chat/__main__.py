"""Serves the chat with uvicorn, which prints the address: `python -m examples.chat --port 8000`."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser

import uvicorn


def main() -> None:
    """Read the command line and serve until Ctrl-C."""
    parser = ArgumentParser("python -m examples.chat", formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=8000, type=int, help="port to listen on, 0 for any that is free")
    parser.add_argument("--reload", action="store_true", help="start again whenever a file changes")
    options = parser.parse_args()
    uvicorn.run("examples.chat.app:app", host=options.host, port=options.port, reload=options.reload)


if __name__ == "__main__":
    main()
