"""Worlds in which one thing goes wrong, of a known class: what recovers from it, and what has to come to a person.

Two tasks in one repository, the second needs the first, which ails. All else is as in any seed: its order, its delays
and, for three of the ailments, its faults of the wire, of webhooks and of the process. What CI prints is what such
failures print; nothing tells the bot what was injected.
"""

import asyncio
from typing import Literal

import msgspec

from services.core.repairs import Repair
from services.engine.orders import Kind, Order
from services.sandbox import actions
from tests.simulation.chance import Chance
from tests.simulation.faults import Faults
from tests.simulation.hub import CONFIG, WORKFLOW
from tests.simulation.judge import Judge
from tests.simulation.people import BOUND, People
from tests.simulation.plans import Draft, write
from tests.simulation.world import World, lived

How = Literal["again", "told", "always", "attempt", "empty", "behind", "conflict", "base", "wire", "hooks", "process"]
"""again: CI passes when it runs once more.  told: when the agent was told what failed.  always: never.  attempt: the
agent comes to nothing.  empty: it changes nothing.  behind: CI passes once the base is brought in.  conflict: somebody else changes the same file.
base: CI fails on the default branch too, until somebody mends that.
"""


class Ailment(msgspec.Struct, frozen=True, kw_only=True):
    """weight: of a hundred.  log: what CI prints.  times: how often it strikes.  recovers: can it be repaired?"""

    name: str
    weight: int
    how: How
    log: str = ""
    times: int = 1
    agent: str = "script"
    recovers: bool = True


TEST = "FAILED tests/test_prices.py::test_rounds - AssertionError: assert 1 == 2\n1 failed, 41 passed in 3.20s"
LINT = "src/cart.py:14:1: F401 [*] `os` imported but unused\nFound 1 error."
BUILD = "src/cart.ts(12,9): error TS2322: Type 'string' is not assignable to type 'number'."
DOCS = "Warning, treated as error:\n/build/docs/api.rst:12:Title underline too short."
LICENCE = "Execution failed: apache-rat-plugin:0.15:check: Too many files with unapproved license: 2 See RAT report"
AILMENTS: tuple[Ailment, ...] = (
    Ailment(name="flaky test", weight=10, how="again", log=TEST),
    Ailment(
        name="runner or network", weight=6, how="again", log="fatal: unable to access: Could not resolve host: x.y"
    ),
    Ailment(name="runner, twice", weight=3, how="again", times=2, log="The runner has received a shutdown signal."),
    Ailment(
        name="a service is down", weight=3, how="again", log="npm ERR! 503 Service Unavailable - GET https://r.x/a"
    ),
    Ailment(name="a service limits", weight=3, how="again", log="Error: 429 Too Many Requests"),
    Ailment(name="timeout", weight=3, how="again", log="The job has exceeded the maximum execution time of 6h0m0s"),
    Ailment(name="memory or disk", weight=2, how="again", log="OSError: [Errno 28] No space left on device"),
    Ailment(name="broken test", weight=17, how="told", agent="coder", log=TEST),
    Ailment(name="lint", weight=2, how="told", agent="coder", log=LINT),
    Ailment(name="build", weight=3, how="told", agent="coder", log=BUILD),
    Ailment(
        name="missing dependency",
        weight=1,
        how="told",
        agent="coder",
        log="ModuleNotFoundError: No module named 'attrs'",
    ),
    Ailment(name="documentation", weight=1, how="told", agent="coder", log=DOCS),
    Ailment(name="licence", weight=1, how="told", agent="coder", log=LICENCE),
    Ailment(name="configuration", weight=1, how="told", agent="coder", log='npm error Missing script: "tset"'),
    Ailment(name="conflict", weight=8, how="conflict"),
    Ailment(name="stale base", weight=3, how="behind", log="Error: the head branch is out of date with its base"),
    Ailment(name="broken base", weight=3, how="base", log=TEST),
    Ailment(name="agent failed", weight=4, how="attempt", agent="coder"),
    Ailment(name="agent changed nothing", weight=2, how="empty", agent="coder"),
    Ailment(name="API faults", weight=4, how="wire"),
    Ailment(name="lost webhooks", weight=4, how="hooks"),
    Ailment(name="process killed", weight=4, how="process"),
    Ailment(name="broken test, script", weight=2, how="always", log=TEST, recovers=False),
    Ailment(name="broken test, for good", weight=2, how="always", agent="coder", log=TEST, recovers=False),
    Ailment(name="build, for good", weight=1, how="always", agent="coder", log=BUILD, recovers=False),
    Ailment(name="refused credential", weight=1, how="always", log="remote: Permission denied to x", recovers=False),
    Ailment(
        name="protected",
        weight=1,
        how="always",
        log="remote: error: GH006: Protected branch update failed",
        recovers=False,
    ),
    Ailment(
        name="no money",
        weight=2,
        how="always",
        log="Error: 429 insufficient_quota: You exceeded your current quota",
        recovers=False,
    ),
    Ailment(name="nobody knows", weight=1, how="always", log="it went wrong", recovers=False),
    Ailment(name="a service is gone", weight=1, how="always", log="Error: 503 Service Unavailable", recovers=False),
    Ailment(name="agent fails for good", weight=1, how="attempt", times=99, agent="coder", recovers=False),
)
"""Of what the work itself gets wrong, tests, builds, linters and dependencies weigh as the labels of BugSwarm's logs count
them (1,314, 234, 187 and 19; the two labels that come from one or two projects are left out). Those logs are chosen to
fail again, so they say nothing of what passes by itself: how often that comes, and all else, is an estimate.
"""
ARMS: dict[str, str] = {
    "ours": "",
    "retry three times": "recovery:\n  policy:\n{}",
    "nothing": "recovery:\n  most: 0\n",
}
ON_PUSH = WORKFLOW.replace("on: [", "on: [push, ")
MOST_CI = 40
"""Runs of CI after which a story counts as endless."""


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. end: merged, handed or neither; wrong: promises that were broken, in words."""

    ailment: str
    recovers: bool
    end: Literal["merged", "handed", ""]
    wrong: tuple[str, ...] = ()
    endless: bool = False
    repairs: int = 0
    seconds: float = 0.0


class Patient(People):
    """ana writes the plan, approves it, and waits."""

    world: "Ailing"
    ailment: Ailment

    async def live(self) -> None:
        world = self.world
        home, kind = self.hub.home.full_name, "shared" if self.ailment.how == "conflict" else "own"
        work = f"make {kind}-{self.chance.getrandbits(32):08x}"
        self.drafts = [
            Draft(id="t0", repo=home, needs=[], run=work),
            Draft(id="t1", repo=home, needs=["t0"], run="make own-2"),
        ]
        self.write()
        if self.ailment.how == "base":
            await asyncio.sleep(600.0)  # that the base fails is known by then
        rest = 120.0 if self.ailment.how == "hooks" else 3_600.0  # a comment that nobody heard has to be repeated
        for _ in range(20):
            self.say("ana", "/lockstep approve\n/lockstep run")
            until = self.now + rest
            while self.run_state() is None and self.now < until:  # noqa: ASYNC110 - virtual time, and no event
                await asyncio.sleep(5.0)
            if self.run_state() is not None:
                break
        if self.ailment.how in {"conflict", "behind"}:
            await self._move_base("shared.txt" if self.ailment.how == "conflict" else "README.md")
        if self.ailment.how == "base":
            await self._mend_base()
        judge = Judge(world)
        if self.ailment.how in {"wire", "hooks", "process"}:
            await asyncio.sleep(1_200.0)
            world.calm()
        await judge.rest(BOUND)

    async def _move_base(self, file: str) -> None:
        """Somebody else changes a file as soon as there is a pull request."""
        while not (pulls := self.hub.open_pulls(self.hub.home)):  # noqa: ASYNC110 - virtual time, and no event
            await asyncio.sleep(1.0)
        assert pulls[0].pull is not None
        self.hub.scenario.commit(self.hub.home, {file: "by hand\n"}, "By hand", login="ben", announce=True)

    async def _mend_base(self) -> None:
        """Somebody repairs the default branch, an hour after there is a pull request."""
        while not self.hub.open_pulls(self.hub.home):  # noqa: ASYNC110 - virtual time, and no event
            await asyncio.sleep(1.0)
        await asyncio.sleep(3_600.0)
        self.world.mend()
        self.hub.scenario.commit(self.hub.home, {"README.md": "Mended\n"}, "Mend", login="ben", announce=True)

    def write(self) -> None:
        """The ailing task has its agent's name in the plan."""
        text = write(self.drafts)
        if self.ailment.agent != "script":
            text = text.replace(f"run: `{self.drafts[0].run}`", f"agent: {self.ailment.agent}", 1)
        path = f"/repos/{self.hub.home.full_name}/issues"
        _, made = self.hub.act("ana", "POST", path, {"title": "A plan", "body": text, "labels": ["lockstep:plan"]})
        self.number = made["number"]
        self.world.watch.written(self.plan_id, "A plan", text)


class Ailing(World):
    def __init__(self, seed: int, ailment: Ailment, config: str) -> None:
        super().__init__(seed)
        self.ailment = ailment
        quiet = Faults()
        for name in Faults.__struct_fields__:
            if not (ailment.how == "wire" and name.startswith("wire_")):
                setattr(self.faults, name, getattr(quiet, name))
        at = Chance(seed).stream("ailing")
        if ailment.how == "wire":
            self.faults.wire_error, self.faults.wire_limited, self.faults.wire_lost = 0.1, 0.05, 0.05
        elif ailment.how == "hooks":
            self.faults.hook_lost = at.uniform(0.3, 1.0)
        elif ailment.how == "process":
            self.faults.crashes = 3
        self.is_sweepless = False
        self.settings = msgspec.structs.replace(self.settings, sweep_seconds=300.0, checks="required")
        self.people = Patient(self, at)
        self.plans = [self.people]
        self.is_crowded = False
        self.people.ailment = ailment
        if config:
            self.hub.scenario.commit(self.hub.home, {CONFIG: config}, "Settings", login="ana")
        self._unmended: set[str] | None = None
        if ailment.how == "base":
            self.hub.scenario.commit(
                self.hub.home, {".github/workflows/ci.yml": ON_PUSH}, "CI", login="ana", announce=True
            )
        self.yard.falters = self._falters
        self.ci._finish = self._end_job  # type: ignore[method-assign]
        self.runs = 0
        self._brought_up: set[str] = set()

    def mend(self) -> None:
        """From now on the default branch is well, and what is made of it; not what was made before."""
        self._unmended = set(self.yard.made)

    def _falters(self, order: Order) -> Kind | None:
        kinds: dict[How, Kind] = {"attempt": "failed", "empty": "unchanged"}
        ails = order.task.id == "t0" and order.attempt <= self.ailment.times
        return kinds.get(self.ailment.how) if ails else None

    def _end_job(self, number: int, fails: bool) -> None:
        sandbox = self.hub.sandbox
        job, head = sandbox.state.jobs[number], sandbox.state.check_runs[number].head_sha
        fails = fails or self._fails(head, sandbox.state.runs[job.run_id].run_attempt)
        self.runs += 1
        if self.runs > MOST_CI:
            self.watch.halted.set()
        self.ci.at[number] = self.loop.time()
        actions.step(
            sandbox, number, 0, "failure" if fails else "success", self.ailment.log if fails else "", int(fails)
        )
        actions.finished(sandbox, number, "failure" if fails else "success")

    def _updated(self, head: str) -> Order | None:
        """The order behind a head that GitHub has made of ours and the base."""
        commit = self.hub.sandbox.git.commit(self.hub.home.id, head)
        order = self.yard.made.get(commit.parents[0]) if commit is not None and len(commit.parents) == 2 else None
        if order is not None:
            self.yard.made[head] = order
            self._brought_up.add(head)
        return order

    def _fails(self, head: str, attempt: int) -> bool:
        order = self.yard.made.get(head) or self._updated(head)
        if order is not None and order.task.id != "t0" and self.ailment.how != "base":
            return False
        match self.ailment.how:
            case "again":
                return attempt <= self.ailment.times
            case "told":
                return order is not None and "What it printed" not in order.note
            case "always":
                return True
            case "base":
                return self._unmended is None or head in self._unmended
            case "behind":
                return order is not None and head not in self._brought_up
            case _:
                return False


def suffers(seed: int, ailment: Ailment, arm: str = "ours") -> Fate:
    """One run with this ailment; the first seed from this one on whose repository has Actions."""
    world = Ailing(seed, ailment, _config(arm))
    while world.hub.places[0].checks != "actions":
        world.loop.close()
        seed += 10_000
        world = Ailing(seed, ailment, _config(arm))
    verdict = lived(world)
    tasks = {task.id: task for task in world.watch.book.newest_tasks(world.people.plan_id)}
    ill = tasks.get("t0")
    repairs = world.disk.ask("SELECT count(*) FROM recovery")[0][0]
    end: Literal["merged", "handed", ""] = ""
    if ill is not None and all(task.state == "done" for task in tasks.values()):
        end = "merged"
    elif ill is not None and ill.state in {"needs_human", "failed"} and ill.reason and _is_told(world, ill.pull):
        end = "handed"
    rest = [text for text in verdict.violations if not text.startswith("no rest")]
    endless = world.runs > MOST_CI or len(rest) < len(verdict.violations)
    return Fate(
        ailment=ailment.name, recovers=ailment.recovers, end=end, wrong=tuple(rest), endless=endless, repairs=repairs,
        seconds=verdict.seconds,
    )  # fmt: skip


def _is_told(world: Ailing, pull: int) -> bool:
    """Is the one comment there, with what failed and what to copy?"""
    hub = world.hub
    issue = hub.issue(hub.home, pull or world.people.number)
    said = "".join(row.body for row in hub.comments_of(issue) if row.user.endswith("[bot]"))
    return "/lockstep retry" in said


def _config(arm: str) -> str:
    classes = ("test_failure", "flaky_test", "lint", "build", "runner", "transient_api", "rate_limited", "timeout",
               "out_of_resources", "missing_dependency", "unknown", "permission", "stale_base")  # fmt: skip
    blind = "".join(f"    {cls}: [{{strategy: rerun_failed, most: 3}}]\n" for cls in classes)
    return ARMS[arm].format(
        f"{blind}    agent_failed: [{{strategy: retry, most: 3}}]\n    merge_conflict: []\n    broken_base: []\n"
    )


def blindly(repair: Repair, failure: object) -> bool:
    """In place of `Repair.knew`: who retries blindly does not ask whether that has helped."""
    del repair, failure
    return False
