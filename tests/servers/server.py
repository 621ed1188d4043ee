"""Real servers, each in a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"running on http://([\d.]+):(\d+)", re.IGNORECASE)

COMMANDS: dict[str, Callable[[int], list[str]]] = {
    "uvicorn": lambda port: ["uvicorn", "--port", str(port)],
    "hypercorn": lambda port: ["hypercorn", "--bind", f"127.0.0.1:{port}"],
}
"""How each server is told, as a module of Python, to listen on a port."""


class ServerProcess:
    """A server on the loopback interface, from entry to exit.

    Args:
        *command: The module of Python that is run, and its arguments.

    Attributes:
        port: The port on which it listens.
        lines: What the process has printed so far.
    """

    def __init__(self, *command: str) -> None:
        self._command = [sys.executable, "-m", *command]
        self.port = 0
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._silent = False

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What the process has printed so far, as one text."""
        return "\n".join(self.lines)

    def __enter__(self) -> Self:
        # A session of its own makes sure that the workers of the server end with it.
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.port = int(self._wait_for(ADDRESS)[2])
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def wait_for(self, text: str, timeout: float = 30, times: int = 1) -> None:
        """Wait until the process has printed lines with a text in them.

        Args:
            text: The text.
            timeout: Longest time to wait, in seconds.
            times: How many lines.

        Raises:
            AssertionError: It ended, or the time was up, and there were no such lines.
        """
        self._wait_for(re.compile("(?s:.*)".join([re.escape(text)] * times)), timeout)

    def terminate(self) -> None:
        """Ask the server to end (SIGTERM)."""
        self._process.terminate()

    def wait(self, timeout: float = 30) -> None:
        """Wait until the server has ended.

        Args:
            timeout: Longest time to wait, in seconds.

        Raises:
            subprocess.TimeoutExpired: It goes on running.
        """
        self._process.wait(timeout)
        self._reader.join(timeout)

    def kill(self) -> None:
        """End the server and its workers like a power cut."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _wait_for(self, pattern: re.Pattern[str], timeout: float = 30) -> re.Match[str]:
        with self._news:
            self._news.wait_for(lambda: self._silent or pattern.search(self.output), timeout)
        found = pattern.search(self.output)
        assert found is not None, f"{pattern.pattern!r} was not printed, but this:\n{self.output}"
        return found

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._note(line.rstrip("\n"))
        with self._news:
            self._silent = True
            self._news.notify_all()

    def _note(self, line: str) -> None:
        with self._news:
            self.lines.append(line)
            self._news.notify_all()


class Server(ServerProcess):
    """An ASGI application behind a real server on the loopback interface, from entry to exit.

    Args:
        name: A key of `COMMANDS`.
        application: Module and attribute, as in `examples.chat.app:app`.
        port: The port to listen on, 0 for any that is free.
    """

    def __init__(self, name: str, application: str, port: int = 0) -> None:
        super().__init__(*COMMANDS[name](port), application)


class Chat(ServerProcess):
    """The chat on Redis, as the demo starts it.

    Args:
        redis: The URL of the Redis.
        workers: How many processes serve.
    """

    def __init__(self, redis: str, workers: int = 1) -> None:
        options = ["--port", "0", "--redis", redis, "--workers", str(workers)]
        super().__init__("examples.chat", *options)
        self._workers = workers

    def __enter__(self) -> Self:
        super().__enter__()
        # With workers it says where it is before it is there.
        self.wait_for("Application startup complete", times=self._workers)
        while not self._answers():
            pass
        return self

    def _answers(self) -> bool:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False
