"""What one run of a box may take in all: memory of its processes together, and room on the disk for its files.

The kernel holds each process to its own limits, and counts a whole run only in a control group or by a quota, which not
every machine lets us make. So both are looked at twice a second, as nothing tells of them: the run's own processes in
/proc, and how much the file system has left. Only when that has fallen by what a run may take are the files counted.
"""

import asyncio
import contextlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

LOOK = 0.5
GIB = 1 << 30
# In bytes, and lines as the kernel ends them: a process chooses its own name, which stands among these.
_RESIDENT = re.compile(rb"^Rss(?:Anon|Shmem):[ \t]*(\d+) kB$", re.MULTILINE)
_SHARE = re.compile(rb"^Pss_(?:Anon|Shmem):[ \t]*(\d+) kB$", re.MULTILINE)


class Bounds:
    """Watches a run from `begin` to `end`, and calls `stop` once when it takes too much; `why` says of what then."""

    def __init__(self, files: Path, *, memory: int, space: int, entries: int) -> None:
        self._files, self._memory, self._entries = files, memory, entries
        self._room, self._inodes = _left(files)
        self._space = min(space, self._room // 2)
        self._pid = 0
        self._stop: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        self._counting: asyncio.Future[bool] | None = None
        self.why = ""

    def begin(self, pid: int, stop: Callable[[], None]) -> None:
        """pid: the first process of the box, whose children all others are."""
        self._pid, self._stop = pid, stop
        self._again()

    def end(self) -> None:
        self._pid = 0
        if self._timer is not None:
            self._timer.cancel()

    def _again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        if memory_of(self._pid) > self._memory and memory_of(self._pid, exactly=True) > self._memory:
            return self._over(f"its processes took more than {_size(self._memory)} of memory together")
        room, inodes = _left(self._files)
        grown = self._room - room > self._space or self._inodes - inodes > self._entries
        if grown and self._counting is None:
            loop = asyncio.get_running_loop()
            self._counting = loop.run_in_executor(None, takes_more, self._files, self._space, self._entries)
            self._counting.add_done_callback(self._counted)
        return self._again()

    def _counted(self, counting: "asyncio.Future[bool]") -> None:
        self._counting = None
        if not counting.cancelled() and counting.exception() is None and counting.result():
            self._over(f"its files took more than {_size(self._space)}, or are more than {self._entries:,}")

    def _over(self, why: str) -> None:
        if self._pid and not self.why:
            self.why = why
            self.end()
            self._stop()


def memory_of(pid: int, *, exactly: bool = False) -> int:
    """Bytes of memory that a process and all below it hold. exactly: what several share counts once, as far as the
    kernel tells; it takes longer.
    """
    total, left = 0, [str(pid)]
    while left:
        at = Path("/proc", left.pop())
        threads: list[Path] = []
        with contextlib.suppress(OSError):  # it may end at any moment, as each of its threads
            threads += (at / "task").iterdir()
        # Of one whose first thread has ended, only the others tell.
        total += next(filter(None, (_held(each, exactly=exactly) for each in (at, *threads))), 0)
        for thread in threads:
            with contextlib.suppress(OSError):
                left += (thread / "children").read_text("ascii").split()
    return total


def _held(at: Path, *, exactly: bool) -> int:
    """exactly: its share of what it holds with others, where that is told; else memory that is shared counts as if it
    were one. Files that are mapped are left out.
    """
    return (_told(at / "smaps_rollup", _SHARE) if exactly else 0) or _told(at / "status", _RESIDENT)


def _told(path: Path, figures: re.Pattern[bytes]) -> int:
    """What stands there in kB, in bytes together; 0 where it can't be read."""
    try:
        return sum(int(each) for each in figures.findall(path.read_bytes())) * 1024
    except OSError:
        return 0


def takes_more(top: Path, space: int, entries: int) -> bool:
    """Do the files below take more room on the disk, or are they more? What can't be looked into counts as too much."""
    total = count = 0
    waiting = [str(top)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    count += 1
                    with contextlib.suppress(FileNotFoundError):
                        known = entry.stat(follow_symlinks=False)
                        total += known.st_blocks * 512 // max(known.st_nlink if not entry.is_dir() else 1, 1)
                        if stat.S_ISDIR(known.st_mode):
                            waiting.append(entry.path)
                    if total > space or count > entries:
                        return True
        except FileNotFoundError:
            continue
        except OSError:
            return True
    return False


def _left(path: Path) -> tuple[int, int]:
    """Bytes and files that the file system has room for."""
    known = os.statvfs(path)
    return known.f_bavail * known.f_frsize, known.f_favail


def _size(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size >> 20} MiB"
