"""One child process with a limit on its time and on what is kept of its output; git and the box both run through this.

The output comes over pipes of our own and the input lies in an unlinked file. So the end of the process is seen even
while a stray grandchild still holds a pipe open, and no reader or writer can block for ever. Whatever ends the call
(exit, time, a cancelled task), the whole process group is killed first.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DRAIN_SECONDS = 1.0
"""How long a stray process outside the group may keep a pipe open after the child has ended."""
PIECE = 65_536
"""Bytes read at once; as much as a pipe holds."""


class Capture:
    """Keeps the first `head` and the last `tail` bytes of a stream, so that a flood costs no memory."""

    def __init__(self, head: int, tail: int) -> None:
        self._head, self._tail = head, tail
        self._first, self._last = bytearray(), bytearray()
        self._cut = 0

    def add(self, data: bytes) -> None:
        room = self._head - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        if len(self._last) > 2 * self._tail:
            self._trim()

    def _trim(self) -> None:
        excess = max(0, len(self._last) - self._tail)
        self._cut += excess
        del self._last[:excess]

    @property
    def dropped(self) -> int:
        """Bytes that were read but not kept."""
        self._trim()
        return self._cut

    def value(self) -> bytes:
        """What was kept; a line in the middle says how much is missing."""
        gap = b"\n[... %d bytes left out ...]\n" % self.dropped if self.dropped else b""
        return bytes(self._first) + gap + bytes(self._last)


@dataclass(frozen=True)
class Ended:
    """How a child ended. `code` as Python has it (negative = killed by that signal)."""

    code: int
    timed_out: bool


class Pipe:
    """A pipe that a child writes to; every piece read goes to `take`, on the loop's thread, as it comes.

    We read it ourselves: uvloop's `connect_read_pipe` closes the descriptor twice, and between the two closes another
    thread may have been given the same number, for the database's file, say.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._read_fd, self.write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        self._loop.add_reader(self._read_fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._read_fd, PIECE)
        except BlockingIOError:
            return
        if data:
            self._take(data)
        else:
            self._close_reader()

    def _close_reader(self) -> None:
        if self._read_fd >= 0:
            self._loop.remove_reader(self._read_fd)
            os.close(self._read_fd)
            self._read_fd = -1
            self._ended.set()

    def close_writer(self) -> None:
        """Give up our own copy of the writing end; without this the end of the stream never comes."""
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    async def drained(self) -> None:
        """Everything written so far has been read, or somebody outside our reach still holds the pipe."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._ended.wait()

    def close(self) -> None:
        self.close_writer()
        self._close_reader()


@contextlib.contextmanager
def open_pipe(take: Callable[[bytes], None]) -> Iterator[Pipe]:
    """A pipe that is closed at the end, whatever happens."""
    pipe = Pipe(take)
    try:
        yield pipe
    finally:
        pipe.close()


def kill_group(pid: int) -> None:
    """SIGKILL to a process group of ours; that it is already gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def _readable(content: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


async def run_child(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    seconds: float,
    stdout: Capture,
    stderr: Capture | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
) -> Ended:
    """Run `argv` (never through a shell) in a session of its own, for at most `seconds`.

    Without a `stderr` both streams go to `stdout`. Only `pass_fds` are inherited. OSError when it cannot be started.
    """
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(_readable(stdin)) if stdin else asyncio.subprocess.DEVNULL
        out = stack.enter_context(open_pipe(stdout.add))
        err = out if stderr is None else stack.enter_context(open_pipe(stderr.add))
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=source, stdout=out.write_fd, stderr=err.write_fd, env=dict(env), cwd=cwd,
            close_fds=True, pass_fds=tuple(pass_fds), start_new_session=True,
        )  # fmt: skip
        out.close_writer()
        err.close_writer()
        timed_out = False
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            timed_out = True
        finally:
            kill_group(process.pid)
            code = await process.wait()
        for pipe in {out, err}:
            await pipe.drained()
        return Ended(code=code, timed_out=timed_out)
