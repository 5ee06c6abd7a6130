"""Looking at the processes of this machine, to prove what is and what is no longer running."""

import asyncio
import os
import select
from collections.abc import Iterator
from pathlib import Path


def _processes() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue


def command_lines() -> list[str]:
    """The command line of every process that is alive."""
    return [line for _, line in _processes()]


def command_line(pid: int) -> str:
    """That of one process; "" when there is none."""
    return dict(_processes()).get(pid, "")


def running(text: str) -> list[int]:
    """The process ids whose command line holds `text`."""
    return [pid for pid, line in _processes() if text in line]


def is_running(pid: int) -> bool:
    """Is there such a process, and is it more than a dead one that nobody has buried?"""
    return _stat(pid)[0] not in {"", "Z", "X"}


def family(pid: int) -> set[int]:
    """The process and all that it, and what it started, has started and that still runs."""
    parents = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = {pid} & parents.keys()
    while more := {one for one, (state, parent) in parents.items() if parent in found and state != "Z"} - found:
        found |= more
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time a process has used; 0.0 when there is none."""
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(int(field) for field in _fields(pid)[11:13]) / ticks


def _stat(pid: int) -> tuple[str, int]:
    """State and parent of a process; ("", 0) when there is none."""
    fields = _fields(pid)
    return (fields[0], int(fields[1])) if fields else ("", 0)


def _fields(pid: int) -> list[str]:
    """What the kernel tells of a process, from its state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def wait_for_end(pid: int, seconds: float = 1.0) -> None:
    """Return when the process has ended, or after that long."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.poll(seconds * 1_000)
    finally:
        os.close(fd)


async def gone(text: str) -> bool:
    """Does no command line hold `text`? One that was killed may still be on its way out, so wait for its end."""
    for _ in range(10):
        pids = running(text)
        if not pids:
            return True
        await asyncio.to_thread(wait_for_end, pids[0])
    return False
