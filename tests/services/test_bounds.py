"""What a run's processes hold is counted whatever they do to themselves."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.agents.bounds import memory_of

if not Path("/proc/self/smaps_rollup").exists():
    pytest.skip("what processes hold is told by Linux alone", allow_module_level=True)

HELD = 24 << 20
NAMED = """
import os, sys
mine = b"x" * HELD
open("/proc/self/comm", "wb").write(bytes.fromhex(sys.argv[1]))
if not os.fork():
    its = b"y" * HELD
    print(flush=True)
sys.stdin.read()
"""
LEFT = """
import ctypes, os, sys, threading
mine = b"x" * HELD
main = threading.get_native_id()

def stay():
    while "Z" not in open(f"/proc/self/task/{main}/stat").read().rpartition(")")[2].split()[0]:
        os.sched_yield()
    print(flush=True)
    sys.stdin.read()

threading.Thread(target=stay).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@contextmanager
def running(script: str, *words: str) -> Iterator[int]:
    """A process that has told it is ready."""
    line = [sys.executable, "-I", "-S", "-c", f"HELD = {HELD}\n{script}", *words]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
            yield process.pid
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["é".encode(), b"\x1eRssAnon: x", b"\x1cRssAnon: -9999", b"a\nRssAnon:"])
def test_no_name_hides_what_a_process_and_its_children_hold(name: bytes) -> None:
    with running(NAMED, name.hex()) as pid:
        # The child's copy of what its parent holds counts twice until it is looked at closely.
        assert 3 * HELD < memory_of(pid) < 5 * HELD
        assert 2 * HELD < memory_of(pid, exactly=True) < 3 * HELD


def test_a_first_thread_that_ends_hides_nothing() -> None:
    with running(LEFT) as pid:
        assert HELD < memory_of(pid) < 2 * HELD
        assert HELD < memory_of(pid, exactly=True) < 2 * HELD
