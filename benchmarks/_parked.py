"""Tasks in review by the thousand: a store that the real driver filled, and a GitHub that shows their pull requests.

That GitHub holds no state but which checks have passed or failed: a pull request's head says its repository and number.
It speaks REST only.
"""

import asyncio
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from bot.clock import SystemClock
from bot.loops import Beside
from services.core.board import Board, Run
from services.core.conduct import begin
from services.core.gate import PullFact
from services.core.plan import Parsed, Plan, Task
from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.engine.parts import EngineSettings, Parts
from services.engine.runs import Driver
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.outbox import Due
from services.store.plans import PlanRow, Plans
from services.store.runs import Runs
from services.store.sqlite import SqliteDatabase

HOME = "acme/plans"
LOG = """2026-03-02T09:00:00.0000000Z ##[group]Run pytest
2026-03-02T09:00:00.1000000Z pytest
2026-03-02T09:00:00.2000000Z ##[endgroup]
2026-03-02T09:00:04.0000000Z FAILED tests/test_orders.py::test_{job} - AssertionError: assert 1 == 2
2026-03-02T09:00:04.1000000Z ========================= 1 failed, 41 passed in 3.42s =========================
2026-03-02T09:00:04.2000000Z ##[error]Process completed with exit code 1.
"""
APP = 1


def repo_of(run: int) -> str:
    return f"acme/r{run}"


def head(run: int, task: int) -> str:
    """The head of a task's pull request."""
    return f"{run:08x}{task:032x}"


class _Prepared:
    """Effects that are over at once and leave every task in review; its pull request has its number in the plan."""

    def __init__(self, run: int, tasks: int) -> None:
        self._run = run
        self._left = tasks
        self.parked = asyncio.Event()

    async def carry_out(self, board: Board, due: Due) -> Outcome:
        kind, fence = due.action.kind, due.action.fence
        number = int(due.action.task.removeprefix("t") or 0)
        if kind == "track":
            return Outcome(happened=(Happening(kind="tracked", number=10_000 + number),))
        if kind == "attempt":
            return Outcome(happened=(Happening(kind="pushed", sha=head(self._run, number), fence=fence),))
        if kind == "open_pull":
            return Outcome(happened=(Happening(kind="opened", number=number, fence=fence),))
        if kind == "checks":
            self._left -= 1
            if not self._left:
                self.parked.set()
        return Outcome()

    def touch(self, repo: str, number: int) -> None:
        """No comment to show it in."""


class _Silent:
    """A GitHub of which nothing is asked while the tasks are brought into review."""

    async def facts(self, run: Run, task_ids: Iterable[str], *, rank: str = "event") -> dict[str, PullFact]:
        return {}

    def invalidate(self, repo: str, subject: str) -> None:
        """There is no cache."""


async def fill(path: Path, runs: int, tasks: int) -> None:
    """A store with so many runs of so many tasks, all in review."""
    database = SqliteDatabase(path)
    await database.open()
    try:
        for run in range(runs):
            await _park(database, run, tasks)
    finally:
        await database.close()


async def _park(database: Database, number: int, tasks: int) -> None:
    plans, runs, clock = Plans(database), Runs(database), SystemClock()
    prepared, silent = _Prepared(number, tasks), _Silent()
    wanted = tuple(Task(id=f"t{n}", title=f"Task {n}", repo=repo_of(number), run="true") for n in range(1, tasks + 1))
    plan = Plan(title=f"Plan {number}", tasks=wanted)
    row = PlanRow(
        id=f"{HOME}#{number + 1}", repo=HOME, number=number + 1, title=plan.title, hash=plan.hash,
        parsed=Parsed(plan=plan), author="ana", issue_id=str(number + 1),
    )  # fmt: skip
    await plans.save(row, clock.now())
    async with asyncio.TaskGroup() as group:
        beside = Beside(group)
        parts = Parts(
            settings=EngineSettings(workers=tasks), plans=plans, runs=runs,
            checkpoints=Checkpoints(database), github=cast("Any", silent),
            workers=cast("Any", None), clock=clock, spawn=beside, timers=beside,
        )  # fmt: skip
        driver = Driver(parts, prepared, silent, prepared)
        await driver.sweep()
        new = Run(
            id=f"{HOME}-{number + 1}-r1",
            plan_id=row.id,
            repo=HOME,
            number=number + 1,
            plan=plan,
            tasks={},
            actor="ana",
            approver="ana",
        )
        new, decision = begin(new, clock.now())
        driver.carry_out(new.id, await runs.create(new, decision, clock.now()) or ())
        await prepared.parked.wait()
        await driver.happen(new.id)  # answered after the end of the last effect is stored
        await plans.posted(await plans.sticky(HOME, number + 1), "1", "")
        beside.close()


class ParkedGitHub:
    """Answers whatever the bot asks about those tasks, last at `asked_at`. looked: heads whose checks were read;
    `passing`, `failing`: heads whose check has ended so; `merged`, `labelled`: (run, number of the pull request or of
    the issue) as the bot merges and labels.
    """

    def __init__(self) -> None:
        self.looked: set[str] = set()
        self.passing: set[str] = set()
        self.failing: set[str] = set()
        self.merged: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self.first = asyncio.Event()
        self.labelled: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self.all_looked = asyncio.Event()
        self.expected = 0
        self.asked_at = 0.0
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.asked_at = time.monotonic()
        self.first.set()
        if request.method != "GET":
            labels = re.fullmatch(r"/repos/acme/r(\d+)/issues/(\d+)/labels", request.path)
            if labels:
                self.labelled.put_nowait((int(labels[1]), int(labels[2])))
            merge = re.fullmatch(r"/repos/acme/r(\d+)/pulls/(\d+)/merge", request.path)
            if merge:
                self.merged.put_nowait((int(merge[1]), int(merge[2])))
                return web.json_response({"sha": "c" * 40, "merged": True})
            if request.path == "/graphql":
                return web.json_response({"message": "Not Found"}, status=404)
            if labels or request.method == "DELETE":
                return web.json_response([])
            return web.json_response({"id": 1, "number": 1, "token": "ghs_1", "expires_at": "2099-01-01T00:00:00Z"})
        for pattern, shape in _READS:
            found = re.fullmatch(pattern, request.path)
            if found:
                return shape(self, found)
        return web.json_response({"message": "Not Found"}, status=404)

    def _app(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"id": APP, "slug": "lockstep"})

    def _installation(self, found: re.Match[str]) -> web.Response:
        granted = {"contents": "write", "issues": "write", "checks": "write", "metadata": "read"}
        return web.json_response({"id": 7, "account": {"login": "acme"}, "app_id": APP, "permissions": granted})

    def _repo(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"id": 1, "full_name": found[1], "default_branch": "main"})

    def _comment(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"id": int(found[1]), "body": ""})

    def _issue(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"id": int(found[1]), "number": int(found[1]), "title": "", "labels": []})

    def _pull(self, found: re.Match[str]) -> web.Response:
        run, number = int(found[1]), int(found[2])
        repo = {"full_name": repo_of(run)}
        ends = {
            "head": {"ref": f"lockstep/t{number}", "sha": head(run, number), "repo": repo},
            "base": {"ref": "main", "sha": "b" * 40, "repo": repo},
        }
        shown = {"id": number, "number": number, "mergeable": True, "mergeable_state": "clean", "body": "x" * 2_000}
        return web.json_response({**shown, **ends})

    def _checks(self, found: re.Match[str]) -> web.Response:
        sha = found[1]
        self.looked.add(sha)
        if len(self.looked) == self.expected:
            self.all_looked.set()
        job = int(sha[:8], 16) * 1_000 + int(sha[8:], 16)
        run: dict[str, object] = {"id": job, "name": "test", "app": {"id": 2, "slug": "github-actions"}}
        run["status"] = "completed" if sha in self.failing | self.passing else "in_progress"
        run["conclusion"] = "failure" if sha in self.failing else "success" if sha in self.passing else None
        return web.json_response({"total_count": 1, "check_runs": [run]})

    def _log(self, found: re.Match[str]) -> web.Response:
        return web.Response(text=LOG.format(job=found[1]))

    def _branch(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"ref": f"refs/heads/{found[1]}", "object": {"sha": "b" * 40, "type": "commit"}})

    def _permission(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"permission": "write", "role_name": "write", "user": {"login": found[1]}})

    def _none(self, found: re.Match[str]) -> web.Response:
        return web.json_response([])

    def _suites(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"total_count": 0, "check_suites": []})

    def _statuses(self, found: re.Match[str]) -> web.Response:
        return web.json_response({"statuses": []})


_READS = (
    (r"/app", ParkedGitHub._app),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/installation", ParkedGitHub._installation),  # noqa: SLF001
    (r"/repos/([^/]+/[^/]+)", ParkedGitHub._repo),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/issues/(\d+)", ParkedGitHub._issue),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/issues/comments/(\d+)", ParkedGitHub._comment),  # noqa: SLF001
    (r"/repos/acme/r(\d+)/pulls/(\d+)", ParkedGitHub._pull),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/commits/([0-9a-f]{40})/check-runs", ParkedGitHub._checks),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/commits/([0-9a-f]{40})/status", ParkedGitHub._statuses),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/commits/[0-9a-f]{40}/check-suites", ParkedGitHub._suites),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/(?:pulls/\d+/reviews|check-runs/\d+/annotations|issues/\d+/comments)", ParkedGitHub._none),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/actions/jobs/(\d+)/logs", ParkedGitHub._log),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/git/ref/heads/(.+)", ParkedGitHub._branch),  # noqa: SLF001
    (r"/repos/[^/]+/[^/]+/collaborators/([^/]+)/permission", ParkedGitHub._permission),  # noqa: SLF001
)
