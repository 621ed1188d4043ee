"""Serves the chat with uvicorn, which prints the address: `python -m examples.chat --port 8000`."""

import os
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from typing import Any

import redis
import uvicorn

# redis-py leaves much of itself untyped.
_redis: Any = redis

LOCAL = "redis://localhost:6379"


def main() -> None:
    """Read the command line and serve until Ctrl-C."""
    parser = ArgumentParser("python -m examples.chat", formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=8000, type=int, help="port to listen on, 0 for any that is free")
    parser.add_argument("--reload", action="store_true", help="start again whenever a file changes")
    parser.add_argument(
        "--redis",
        nargs="?",
        const=LOCAL,
        metavar="URL",
        help=f"share the chat with other processes through this Redis, {LOCAL} if no URL is given",
    )
    parser.add_argument("--workers", default=1, type=int, help="processes; more than one need --redis")
    options = parser.parse_args()
    if options.redis is not None:
        if (problem := why_not(options.redis)) is not None:
            parser.error(f"cannot use Redis: {problem}; start a server, or give its address with --redis URL")
        # The processes that uvicorn starts make applications of their own.
        os.environ["CHAT_REDIS"] = options.redis
    elif options.workers > 1:
        parser.error("--workers needs --redis: without it each process would have a separate chat")
    uvicorn.run(
        "examples.chat.app:app",
        host=options.host,
        port=options.port,
        reload=options.reload,
        workers=options.workers,
    )


def why_not(url: str) -> str | None:
    """Return why the Redis at a URL cannot be used, if so."""
    try:
        with _redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except (ValueError, redis.RedisError) as error:
        return str(error).rstrip(".")
    return None


if __name__ == "__main__":
    main()
