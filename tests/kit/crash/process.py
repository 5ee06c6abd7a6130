"""One process of the bot that can be killed as a crash kills: no signal it could catch, no clean end."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.kit.crash.forge import LIMIT, Forged, forge
from tests.kit.processes import family, is_running, wait_for_end

ROOT = Path(__file__).parents[3]
_NOT_HANDED_ON = ("LOCKSTEP_", "PYTHONDONTWRITEBYTECODE")  # whoever runs the bot has its modules compiled
LISTENS = b'"event":"listening"'


class Process:
    """`python -m bot ARGUMENTS`, or what a forge makes of that, started anew after each kill. up: it said that it
    listens.  What it says is added to `log`.
    """

    def __init__(self, arguments: tuple[str, ...], settings: Mapping[str, str], log: Path) -> None:
        self.up = asyncio.Event()
        self._arguments = arguments
        self._settings = settings
        self._log = log
        self._child: asyncio.subprocess.Process | Forged | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int:
        assert self._child is not None, "it was never started"
        return self._child.pid

    async def start(self) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_HANDED_ON)}
        env |= self._settings
        if (forged := forge()) is not None:
            self._child = await forged.start(self._arguments, env)
        else:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *self._arguments, cwd=ROOT, env=env, start_new_session=True, limit=LIMIT,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
        self._reader = asyncio.create_task(self._read(self._child))

    async def _read(self, child: asyncio.subprocess.Process | Forged) -> None:
        assert child.stdout is not None
        with self._log.open("ab") as log:
            async for line in child.stdout:
                log.write(line)
                log.flush()
                if LISTENS in line.replace(b'": "', b'":"'):
                    self.up.set()

    async def comes_up(self) -> None:
        """Wait until it listens. RuntimeError, with the last it said, when it ends by itself instead."""
        up, end = asyncio.ensure_future(self.up.wait()), asyncio.ensure_future(self.ended())
        try:
            await asyncio.wait((up, end), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            end.cancel()
        if not self.up.is_set():
            raise RuntimeError(f"ended before it listened: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-4_000:] if self._log.exists() else ""

    async def kill(self, *, alone: bool) -> None:
        """SIGKILL to the real process, and to all it has started unless `alone`; returns when they are dead."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        doomed = {child.pid} if alone else _stopped(child.pid)
        for pid in doomed:
            _send(pid, signal.SIGKILL)
        await child.wait()
        self.up.clear()
        for pid in doomed - {child.pid}:
            await asyncio.to_thread(wait_for_end, pid, 10.0)
        if survivors := [pid for pid in doomed if is_running(pid)]:
            raise RuntimeError(f"killed and still running: {survivors}")

    def send(self, number: signal.Signals) -> None:
        """Send it one."""
        _send(self.pid, number)

    async def stop(self) -> int:
        """End it as its supervisor would; its exit status."""
        if self._child is None:
            return 0
        if self._child.returncode is None:
            self._child.terminate()
        status = await self._child.wait()
        self.up.clear()
        return status

    async def ended(self) -> int:
        """Wait until it ends, by itself or killed; its exit status."""
        assert self._child is not None
        return await self._child.wait()


def _stopped(pid: int) -> set[int]:
    """The process and all its descendants, none of which can start another any more."""
    seen: set[int] = set()
    while fresh := family(pid) - seen:
        for one in fresh:
            _send(one, signal.SIGSTOP)
        seen |= fresh
    return seen


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
