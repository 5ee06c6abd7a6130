"""Who checks pull requests: Actions by its own rules, or another App. It is quick, late, red, or forgets to come.

What is red is now and then made green by a person who runs it again. While faults last, a check may not begin at all;
it begins when they end, as after an outage.
"""

from functools import partial

from services.sandbox import actions, actions_reruns, checks
from services.sandbox.clock import stamp
from services.sandbox.kernel import Problem
from services.sandbox.state import CheckRun, Delivery, Repo
from tests.simulation.chance import Stream
from tests.simulation.faults import Faults
from tests.simulation.hub import Hub
from tests.simulation.loop import VirtualLoop

BEGINS = frozenset({"opened", "synchronize", "reopened"})


class Ci:
    """`at`: when a check run last changed, in virtual seconds."""

    def __init__(self, hub: Hub, loop: VirtualLoop, chance: Stream, faults: Faults) -> None:
        self._hub = hub
        self._loop = loop
        self._chance = chance
        self._faults = faults
        self._scheduled: set[int] = set()
        self._checked: set[tuple[int, str]] = set()
        self._kinds = {place.repo.id: place.checks for place in hub.places}
        self._open = 0
        self.at: dict[int, float] = {}  # check run -> when it last changed
        hub.sandbox.on_jobs.append(self._look)

    def seen(self, delivery: Delivery) -> None:
        """GitHub made an event: the other App checks what a pull request brings."""
        if delivery.event != "pull_request" or delivery.action not in BEGINS or self._kinds[delivery.repo_id] != "app":
            return
        for issue in self._hub.open_pulls(self._hub.sandbox.state.repos[delivery.repo_id]):
            assert issue.pull is not None
            if (issue.repo_id, issue.pull.head_sha) not in self._checked:
                self._checked.add((issue.repo_id, issue.pull.head_sha))
                self._later(partial(self._create, self._hub.repo_of(issue), issue.pull.head_sha))

    def _later(self, call: "partial[None]") -> None:
        delay = self._chance.spread(*self._faults.ci_seconds)
        if self._chance.hits(self._faults.ci_trouble / 4):
            delay += max(0.0, self._faults.calm_at - self._loop.time())
        self._open += 1
        self._loop.call_later(delay, self._come, call)

    def _come(self, call: "partial[None]") -> None:
        self._open -= 1
        call()

    def busy(self) -> str:
        """What is still to come, in words; "" for nothing."""
        return f"{self._open} checks" if self._open else ""

    def _fails(self) -> bool:
        return self._chance.hits(self._faults.ci_trouble)

    # Another App.

    def _create(self, repo: Repo, sha: str) -> None:
        sandbox, app = self._hub.sandbox, self._hub.ci.app_id
        suite, _ = checks.suite_for(sandbox, repo, app, sha)
        run = CheckRun(
            id=sandbox.state.new_id(), repo_id=repo.id, suite_id=suite.id, app_id=app, name="ci", head_sha=sha,
            status="in_progress", conclusion=None, started_at=stamp(sandbox.now()), completed_at=None,
        )  # fmt: skip
        self.at[run.id] = self._loop.time()
        checks.created(sandbox, run, "ci[bot]")
        self._hub.trace("ci", f"began on {sha[:8]} of {repo.full_name}")
        self._later(partial(self._complete, run, self._fails()))

    def _complete(self, run: CheckRun, fails: bool) -> None:
        sandbox, was = self._hub.sandbox, run.conclusion
        run.status, run.conclusion = "completed", "failure" if fails else "success"
        run.completed_at = stamp(sandbox.now())
        self.at[run.id] = self._loop.time()
        self._hub.trace("ci", f"{run.conclusion} on {run.head_sha[:8]}")
        checks.changed(sandbox, run, was, "ci[bot]")
        if fails and self._chance.hits(0.6):
            self._later(partial(self._create, sandbox.state.repos[run.repo_id], run.head_sha))

    # Actions.

    def _look(self) -> None:
        """Jobs wait for a runner."""
        for number in self._hub.sandbox.state.job_queue:
            if number not in self._scheduled:
                self._scheduled.add(number)
                self.at[number] = self._loop.time()
                self._later(partial(self._start, number))

    def _start(self, number: int) -> None:
        if actions.started(self._hub.sandbox, number, ["Run true"]):
            self._hub.trace("ci", f"job {number} began")
            self._later(partial(self._finish, number, self._fails()))

    def _finish(self, number: int, fails: bool) -> None:
        sandbox = self._hub.sandbox
        conclusion = "failure" if fails else "success"
        self.at[number] = self._loop.time()
        self._hub.trace("ci", f"job {number}: {conclusion} on {sandbox.state.check_runs[number].head_sha[:8]}")
        actions.finished(sandbox, number, conclusion)
        if fails and self._chance.hits(0.6):
            self._later(partial(self._again, number))

    def _again(self, number: int) -> None:
        sandbox = self._hub.sandbox
        try:
            actions_reruns.rerun_failed(sandbox, sandbox.state.runs[sandbox.state.jobs[number].run_id], "ben")
        except Problem:
            return  # it was run again already, or is running
