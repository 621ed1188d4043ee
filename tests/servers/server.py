"""Real servers, each in a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(
    r"(?:running on|listening at:?|listening on tcp address) (?:http://)?([\d.]+):(\d+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Kind:
    """A server, and what it does in its own way.

    Attributes:
        command: The module of Python that is run, and its arguments; `{port}` is the port to listen on.
        grace: What is added so that it stops one second after SIGTERM, whatever its applications do.
        ready: What it prints when it serves, if that is later than the address.
        chooses_port: Whether port 0 stands for any port that is free, and the server says which.
        lifespan: Whether it tells applications that it starts and stops.
        client_code: What an application gets to know when a client closes with 4321.
        denials: Whether a refused handshake may carry a response.
        reasons: Whether the reason of a close frame reaches the client.
        empty_frames: Whether an application can send frames without content.
        all_codes: Whether it sends every close code that RFC 6455 allows; if not, it takes 1000 and 3000 to
            4999 only.
        ends_websockets: Whether handlers of WebSockets that still run at its end can clean up.
        ends_requests: Whether handlers of requests can.
        logs_late_errors: Whether it logs the error of an application that has answered.
    """

    command: str
    grace: str = ""
    ready: str = ""
    chooses_port: bool = True
    lifespan: bool = True
    client_code: int = 4321
    denials: bool = True
    reasons: bool = True
    empty_frames: bool = True
    all_codes: bool = True
    ends_websockets: bool = True
    ends_requests: bool = True
    logs_late_errors: bool = True

    def sent_code(self, code: int) -> int:
        """Return the close code that a client sees when a consumer closes with another."""
        return code if self.all_codes or code == 1000 or code >= 3000 else code + 3000

    def arguments(self, port: int, *, impatient: bool) -> list[str]:
        """Return the command."""
        text = f"{self.command} {self.grace}" if impatient else self.command
        return text.format(port=port if port or self.chooses_port else free_port()).split()


def _uvicorn(protocol: str) -> Kind:
    return Kind(f"uvicorn --port {{port}} --ws {protocol}", "--timeout-graceful-shutdown 1")


_GUNICORN = "gunicorn --no-control-socket --bind 127.0.0.1:{port} --worker-class"
# What does not end within the grace is killed, and its workers wait for sockets as long.
_GUNICORN_GRACE = "--graceful-timeout 1"

SERVERS = {
    "uvicorn": _uvicorn("auto"),
    "uvicorn-websockets": _uvicorn("websockets"),
    "uvicorn-wsproto": _uvicorn("wsproto"),
    "hypercorn": Kind("hypercorn --bind 127.0.0.1:{port}", "--graceful-timeout 1", client_code=1006),
    "granian": Kind(
        "granian --interface asgi --port {port}",
        ready="Started worker",
        chooses_port=False,
        ends_websockets=False,
        ends_requests=False,
    ),
    "daphne": Kind(
        "daphne --bind 127.0.0.1 --port {port}",
        lifespan=False,
        denials=False,
        reasons=False,
        empty_frames=False,
        all_codes=False,
        ends_websockets=False,
    ),
    "gunicorn": Kind(
        f"{_GUNICORN} asgi", _GUNICORN_GRACE, denials=False, ends_websockets=False, logs_late_errors=False
    ),
    "gunicorn-uvicorn": Kind(
        f"{_GUNICORN} uvicorn_worker.UvicornWorker",
        _GUNICORN_GRACE,
        ends_websockets=False,
        ends_requests=False,
    ),
}
"""The servers; uvicorn's own choice of a WebSocket protocol is `websockets-sansio`."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


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
        with self._news:
            self._news.wait_for(lambda: self._silent or self._count(text) >= times, timeout)
        found = self._count(text)
        assert found >= times, f"{text!r} was printed {found} times, not {times}; this was:\n{self.output}"

    def wait_until_it_listens(self) -> None:
        """Wait until the server takes connections; some say where they listen before they do."""
        while not self._answers():
            pass

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

    def _answers(self) -> bool:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        assert self._process.poll() is None, f"the server has ended:\n{self.output}"
        return False

    def _count(self, text: str) -> int:
        return sum(text in line for line in self.lines)

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
        name: A key of `SERVERS`.
        application: Module and attribute, as in `examples.chat.app:app`.
        port: The port to listen on, 0 for any that is free.
        impatient: Whether it stops one second after SIGTERM, whatever its applications do.
    """

    def __init__(self, name: str, application: str, port: int = 0, *, impatient: bool = False) -> None:
        self.kind = SERVERS[name]
        super().__init__(*self.kind.arguments(port, impatient=impatient), application)

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self.wait_for(self.kind.ready)
            self.wait_until_it_listens()
        except BaseException:
            self.kill()
            raise
        return self


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
        self.wait_until_it_listens()
        return self
