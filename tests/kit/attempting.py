"""Attempts in tests: a git host over HTTP, a box, and what an attempt did with them."""

import asyncio
import dataclasses
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from services.agents import AGENTS
from services.agents.box import Box, OpenBox
from services.core.plan import Task
from services.engine.attempts import attempt
from services.engine.orders import Order, Result
from services.engine.progress import Keeps
from services.git.mirror import Mirrors
from tests.kit.githttp import TOKEN, GitHost, serve_git

REPO = "acme/api"
BRANCH = "lockstep/platform-12/schema"
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Ticking:
    """A clock that is a second later at every look."""

    def __init__(self) -> None:
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return START + timedelta(seconds=self.looks)


@dataclasses.dataclass
class Ground:
    """What an attempt needs, and what it did with it."""

    host: GitHost
    mirrors: Mirrors
    box: Box
    top: Path
    asked: list[tuple[str, Mapping[str, str]]] = dataclasses.field(default_factory=list)

    async def token(self, repo: str, permissions: Mapping[str, str], /) -> str:
        self.asked.append((repo, dict(permissions)))
        return TOKEN

    async def attempt(self, order: Order, keeps: Keeps | None = None) -> Result:
        result = await attempt(
            order, mirrors=self.mirrors, box=self.box, agents=AGENTS, token=self.token, clock=Ticking(), keeps=keeps
        )
        left = list(self.mirrors.attempts.iterdir()) if self.mirrors.attempts.exists() else []
        assert left == [], "an attempt takes its directory away"
        return result


def order(run: str, *, base: str = "main", **fields: Any) -> Order:
    """An order for one task; fields of the task and of the order alike."""
    of_task = {key: fields.pop(key) for key in ("paths", "verify", "timeout", "agent") if key in fields}
    plain = Order(
        key="r1/schema/1/attempt",
        run_id="r1",
        task=Task(id="schema", title="Add currency", repo=REPO, run=run, **of_task),
        attempt=1,
        fence=7,
        base=base,
        branch=BRANCH,
        message="Add currency\n\nTask: schema\n",
        when=START,
    )
    return msgspec.structs.replace(plain, **fields)


@asynccontextmanager
async def open_ground() -> AsyncIterator[Ground]:
    """A host with one repository, in a directory that a box's user can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="lockstep-test-") as path:
        top = Path(path)
        await asyncio.to_thread(top.chmod, 0o711)
        async with serve_git(top / "host") as host:
            host.create(REPO, {"README.md": "hello\n", "src/app.py": "print(1)\n", "Makefile": "all:\n"})
            yield Ground(host=host, mirrors=Mirrors(top / "root", host.url), box=OpenBox(), top=top)
