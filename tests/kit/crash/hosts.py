"""The bot as processes: one that does everything, on its own file."""

import contextlib
import itertools
import os
import socket
from pathlib import Path
from typing import Protocol

from services.sandbox.scenario import AppCredentials
from tests.kit.crash.moments import Strike
from tests.kit.crash.process import Process
from tests.kit.crash.stage import SECRET
from tests.kit.processes import cpu_seconds

STARTS = 10
"""Starts in vain before a test gives up."""


class Host(Protocol):
    """bot_url: where webhooks go; it stays the same over restarts.  log: what all of it says."""

    bot_url: str
    log: Path

    async def start(self, github_url: str) -> None:
        """Start whatever does not run."""

    async def up(self) -> None:
        """Wait until webhooks are taken."""

    async def kill(self, strike: Strike) -> None:
        """Kill one process as a crash would."""

    async def ended(self) -> str:
        """Wait until a process has ended; which one and how, in words."""

    def cpu(self) -> float:
        """Seconds of processor time that what was started last has used; 0.0 where that can't be told."""

    async def stop(self) -> None:
        """End everything cleanly."""


class One:
    """`python -m bot serve` on SQLite, or on the PostgreSQL that `more` names."""

    def __init__(self, folder: Path, app: AppCredentials, **more: str) -> None:
        self.port = free_port()
        self.bot_url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "bot.log"
        self._folder = folder
        self._settings = {
            "LOCKSTEP_APP_ID": str(app.app_id),
            "LOCKSTEP_PRIVATE_KEY": app.private_key,
            "LOCKSTEP_PORT": str(self.port),
            **more,
        }
        self._process: Process | None = None
        self._all: dict[str, str] = {}

    async def start(self, github_url: str) -> None:
        if self._process is None:
            self._all = common(github_url, self._folder) | self._settings
            self._process = Process(("serve",), self._all, self.log)
        if not self._process.is_running:
            await self._process.start()

    def set(self, **more: str) -> None:
        """Before it is started."""
        self._settings |= more

    @property
    def settings(self) -> dict[str, str]:
        """All it was started with."""
        return self._all

    @property
    def pid(self) -> int:
        """The process that was started last."""
        assert self._process is not None
        return self._process.pid

    async def up(self) -> None:
        assert self._process is not None
        await self._process.up.wait()

    async def comes_up(self) -> None:
        """As `up`, but RuntimeError when it ends by itself instead. Where somebody has its port for a moment it is
        started again, as its supervisor would.
        """
        assert self._process is not None
        for _ in range(STARTS):
            try:
                return await self._process.comes_up()
            except RuntimeError as error:
                if "address already in use" not in str(error):
                    raise
                await self._process.start()
        return await self._process.comes_up()

    async def kill(self, strike: Strike) -> None:
        if self._process is not None:
            await self._process.kill(alone=strike.alone)

    def cpu(self) -> float:
        return cpu_seconds(self._process.pid) if self._process is not None else 0.0

    async def ended(self) -> str:
        assert self._process is not None
        return f"the bot ended with exit status {await self._process.ended()}"

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()


def common(github_url: str, folder: Path) -> dict[str, str]:
    """Settings of every process. The sweep keeps its usual five minutes, so it hides nothing."""
    return {
        "LOCKSTEP_WEBHOOK_SECRET": SECRET,
        "LOCKSTEP_GITHUB_API_URL": github_url,
        "LOCKSTEP_GITHUB_URL": github_url,
        "LOCKSTEP_DATA_DIR": str(folder / "data"),
        "LOCKSTEP_SANDBOX": "none",
        "LOCKSTEP_COMMENT_INTERVAL": "0.2",
        "LOCKSTEP_API_PACING": "false",  # the stand-in has no limits of this kind
        "LOCKSTEP_CHECKS_GRACE": "5",
    }


_SHARE = 300
_FIRST = 12_000 + _SHARE * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 12)
_ports = itertools.count(int.from_bytes(os.urandom(2)))


def free_port() -> int:
    """One that stays free while the bot is down: below those that the system gives to connections by itself, in this
    worker's own share, and not asked for again soon.
    """
    for number in _ports:
        port = _FIRST + number % _SHARE
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is always a next one")
