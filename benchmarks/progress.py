"""Says how far a run is: a bar where there is a terminal, lines elsewhere; never silent for half a minute."""

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_SECONDS = 10
"""A line is no news before so many seconds have passed."""

SILENT_SECONDS = 25
"""After so many seconds the last line is said again."""


class Steps:
    """The steps of a run.

    Args:
        total: How many there are.
        file: Where to say it.
    """

    def __init__(self, total: int, file: TextIO = sys.stderr) -> None:
        self._total = total
        self._file = file
        self._done = 0
        self._text = "beginning"
        self._began = self._said = time.monotonic()
        console = Console(file=file)
        self._bar: Progress | None = None
        if console.is_terminal:
            columns = (
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self._bar = Progress(*columns, console=console)
            self._task = self._bar.add_task(self._text, total=total)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        else:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._bar is not None:
            self._bar.stop()
        else:
            self._thread.join()
            self._say()

    def begin(self, text: str) -> None:
        """Say what is measured now."""
        with self._lock:
            self._text = text
            if self._bar is not None:
                self._bar.update(self._task, description=text)
            elif time.monotonic() - self._said >= LINE_SECONDS:
                self._say()

    def done(self, text: str | None = None) -> None:
        """Count a step."""
        with self._lock:
            self._done += 1
            self._text = text or self._text
            if self._bar is not None:
                self._bar.update(self._task, completed=self._done)

    def _say(self) -> None:
        self._said = time.monotonic()
        line = f"{self._said - self._began:5.0f} s  {self._done}/{self._total}  {self._text}"
        print(line, file=self._file, flush=True)

    def _beat(self) -> None:
        while not self._ended.wait(1):
            with self._lock:
                if time.monotonic() - self._said >= SILENT_SECONDS:
                    self._say()
