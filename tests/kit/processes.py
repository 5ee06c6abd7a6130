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


def running(text: str) -> list[int]:
    """The process ids whose command line holds `text`."""
    return [pid for pid, line in _processes() if text in line]


async def gone(text: str) -> bool:
    """Does no command line hold `text`? One that was killed may still be on its way out, so wait for its end."""
    for _ in range(10):
        pids = running(text)
        if not pids:
            return True
        await asyncio.to_thread(_wait_for_end, pids[0])
    return False


def _wait_for_end(pid: int) -> None:
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([fd], [], [], 1)
    finally:
        os.close(fd)
