"""Which process this is."""

import importlib.util
import os
import sys

import pytest

from fast_channels.layers import process


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_forked_process_is_another_one() -> None:
    """It knows so before anything else happens in it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of the test may go on in the child, whatever happens.
        os.write(write, b"%d" % process.process_id())
        os._exit(0)
    os.waitpid(child, 0)

    assert int(os.read(read, 20)) == child
    assert process.process_id() == os.getpid()
    os.close(read)
    os.close(write)


def test_what_a_process_is_told_at_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks the system once."""
    monkeypatch.setattr(process, "_process_id", 0)

    process.forget()

    assert process.process_id() == os.getpid()


def test_where_nothing_forks_the_process_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no `os.register_at_fork()`, and the module is imported all the same."""
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    spec = importlib.util.spec_from_file_location(process.__name__, process.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)

    spec.loader.exec_module(again)

    assert again.process_id() == os.getpid()
