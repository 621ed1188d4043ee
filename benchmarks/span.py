"""What is measured lies between a beginning and an end: in CPU time, or between two marks for valgrind."""

import gc
import os
import subprocess
import time
from typing import TypeAlias

Result: TypeAlias = dict[str, float]


def _instrument(switch: str) -> None:
    """Let callgrind begin or end to count; in between it is fifty times as slow."""
    command = ["callgrind_control", f"--instr={switch}", str(os.getpid())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Span:
    """The CPU time of this process between `begin()` and `end()`.

    Args:
        marks: Call getppid() at both instead: valgrind writes down its counters there.
    """

    def __init__(self, marks: bool) -> None:
        self._marks = marks
        self._began = 0.0

    def begin(self) -> None:
        gc.collect()
        if self._marks:
            _instrument("on")
            os.getppid()
        self._began = time.process_time()

    def end(self, events: int) -> Result:
        """Return the microseconds of an event, and nothing where valgrind counts."""
        used = time.process_time() - self._began
        if self._marks:
            os.getppid()
            _instrument("off")
            return {}
        return {"cpu": used / events * 1e6}
