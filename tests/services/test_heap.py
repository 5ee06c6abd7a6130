"""bot/heap.py: however many threads allocate, the C library keeps one heap."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

MANY_THREADS = """
import re, sys, zlib
from pathlib import Path
from threading import Barrier, Thread
from bot.heap import one_heap
if sys.argv[1:]:
    one_heap()
together = Barrier(3)
def work():
    held = zlib.compressobj()
    together.wait()
threads = [Thread(target=work) for _ in range(3)]
for each in threads: each.start()
for each in threads: each.join()
kept = re.findall("^([0-9a-f]+)-([0-9a-f]+) ---p", Path("/proc/self/maps").read_text(), re.MULTILINE)
print(sum(32 << 20 < int(end, 16) - int(begin, 16) <= 64 << 20 for begin, end in kept))
"""


def heaps(*arguments: str) -> int:
    """Beside the first one: each keeps 64 MB of addresses for itself."""
    done = subprocess.run(
        (sys.executable, "-c", MANY_THREADS, *arguments), cwd=Path(__file__).parents[2], check=True, capture_output=True
    )
    return int(done.stdout)


GIVEN_BACK = """
import re
from pathlib import Path
from bot.heap import give_back
def size():
    return int(re.search("VmRSS:[^0-9]+([0-9]+)", Path("/proc/self/status").read_text())[1])
held = [bytes([1]) * 100_000 for _ in range(300)]
del held[:-1]
before = size()
give_back()
print(before - size())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread")
def test_threads_share_one_heap() -> None:
    assert (heaps() > 0, heaps("one")) == (True, 0)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is free")
def test_what_is_free_is_given_back() -> None:
    kilobytes = subprocess.run(
        (sys.executable, "-c", GIVEN_BACK), cwd=Path(__file__).parents[2], check=True, capture_output=True
    )
    assert int(kilobytes.stdout) > 20_000
