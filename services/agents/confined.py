"""One run of a prepared bubblewrap line: its descriptors, its end, and what it came to.

A run is over only when the first process of the box is dead. bubblewrap itself returns earlier, as soon as the command
has ended, and what the command left in the background would still be writing while its files are read.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from services.agents.bounds import Bounds
from services.agents.box import PATH, Finished, new_capture
from services.agents.log import clean_log, last_line
from services.errors import AgentError
from services.git.child import Capture, Ended, open_pipe, run_child

NOT_WATCHED = "A box could not be watched to its end (that needs Linux 5.3); nothing of it was taken."
END_SECONDS = 10.0
"""How long the kernel may take to end every process of a box."""


@dataclass(frozen=True)
class BoxFiles:
    """Descriptors of files that exist in memory only; filter is -1 when there is none."""

    passwd: int
    group: int
    filter: int

    @property
    def all(self) -> tuple[int, ...]:
        return tuple(fd for fd in (self.passwd, self.group, self.filter) if fd >= 0)


@contextmanager
def memory_files(passwd: bytes, group: bytes, program: bytes) -> Iterator[BoxFiles]:
    """The files that bubblewrap is given by descriptor, read from their beginning."""
    opened: list[int] = []
    try:
        for content in filter(None, (passwd, group, program)):
            fd = os.memfd_create("lockstep")
            opened.append(fd)
            os.write(fd, content)
            os.lseek(fd, 0, os.SEEK_SET)
        yield BoxFiles(opened[0], opened[1], opened[2] if program else -1)
    finally:
        for fd in opened:
            os.close(fd)


class _Status:
    """What bubblewrap reports: the first process of the box, which we hold by a pidfd, and the command's exit code."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds
        self._text = bytearray()
        self._watched = True
        self.pidfd = -1
        self.exit_code: int | None = None

    def take(self, data: bytes) -> None:
        self._text += data[:4_096]
        *lines, self._text = self._text.split(b"\n")
        for line in filter(None, lines):
            report = json.loads(line)
            if "child-pid" in report and self.pidfd < 0:
                self._watch(report["child-pid"])
            self.exit_code = report.get("exit-code", self.exit_code)

    def _watch(self, pid: int) -> None:
        try:
            self.pidfd = os.pidfd_open(pid)
            if self._bounds is not None:
                self._bounds.begin(pid, self.end)
        except ProcessLookupError:
            pass  # it has ended already
        except OSError:  # a kernel older than 5.3, or no descriptor left
            self._watched = False

    def end(self) -> None:
        """End every process of the box."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    async def all_ended(self) -> bool:
        """Wait until the first process is dead: the kernel lets it go only after every other process of the box."""
        if self.pidfd < 0:
            return self._watched
        self.end()
        loop, dead = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.pidfd, dead.set)
        try:
            async with asyncio.timeout(END_SECONDS):
                await dead.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self.pidfd)
        return True

    def close(self) -> None:
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


async def run_confined(
    line: Sequence[str], fds: BoxFiles, seconds: float, stdin: bytes, bounds: Bounds | None = None
) -> Finished:
    """Run a complete bubblewrap line; AgentError when no box came of it, with the reason in one sentence.

    bounds: what all of the run may take.
    """
    capture, status = new_capture(), _Status(bounds)
    try:
        with open_pipe(status.take) as report:
            where = line.index("--unshare-all")
            full = [*line[:where], "--json-status-fd", str(report.write_fd), *line[where:]]
            try:
                ended = await run_child(
                    full,
                    env={"PATH": PATH},
                    seconds=seconds,
                    stdout=capture,
                    stdin=stdin,
                    pass_fds=(*fds.all, report.write_fd),
                )
            finally:
                if bounds is not None:
                    bounds.end()
                report.close_writer()
                await report.drained()
                over = await status.all_ended()
    finally:
        status.close()
    if not over:
        raise AgentError(NOT_WATCHED)
    if bounds is not None and bounds.why:
        said = f"\nThe run was ended: {bounds.why}.\n".encode()
        return Finished(exit_code=128 + signal.SIGKILL, timed_out=False, output=capture.value() + said)
    return _finished(ended, status, capture)


def _finished(ended: Ended, status: _Status, capture: Capture) -> Finished:
    if ended.timed_out:
        return Finished(exit_code=124, timed_out=True, output=capture.value())
    if status.exit_code is None:
        raise AgentError(_why_no_box(last_line(clean_log(capture.value())), ended.code))
    return Finished(exit_code=status.exit_code, timed_out=False, output=capture.value())


def _why_no_box(said: str, code: int) -> str:
    """One sentence for a box that did not come to be."""
    lowered = said.lower()
    if any(sign in lowered for sign in ("uid map", "namespace", "userns", "clone")):
        return (
            f"bubblewrap may not make a user namespace here ({said}); allow it for /usr/bin/bwrap "
            "(on Ubuntu with an AppArmor profile), or use agents that need no box."
        )
    return f"The box could not be made: {said or f'bubblewrap ended with code {code}'}."
