"""Actions without processes: jobs end as they are told to, when they are told to, and the clock is moved by the test."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from services.sandbox import actions_reruns
from services.sandbox.actions_context import JobOrder
from services.sandbox.actions_records import Job, WorkflowRun
from services.sandbox.git_memory import MemoryGit
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import Scenario
from services.sandbox.simulated_runner import Ending, SimulatedRunner

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEPS = "    runs-on: ubuntu-latest\n    steps:\n      - run: echo one\n      - run: echo two\n"


class Bench:
    """A repository whose jobs end by a table: name -> ending."""

    def __init__(self, workflow: str, endings: Mapping[str, Ending], *, parallel: int = 20) -> None:
        self.seconds = 0.0
        self.began: list[tuple[str, float]] = []
        self.endings = endings
        self.sandbox = Sandbox(MemoryGit(), now=self.now)
        scenario = Scenario(self.sandbox)
        repo = scenario.repo("acme/api")
        self.runner = SimulatedRunner(self.sandbox, self.ends, parallel=parallel)
        files = {".github/workflows/ci.yml": f"on: push\njobs:\n{workflow}"}
        scenario.commit(repo, files, "Add a workflow", announce=True)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def ends(self, order: JobOrder) -> Ending:
        self.began.append((order.name, self.seconds))
        return self.endings[order.name]

    def play(self) -> None:
        """Let time jump from one thing that happens to the next, until nothing is left."""
        while (due := self.runner.step()) is not None:
            self.seconds = (due - START).total_seconds()

    @property
    def run(self) -> WorkflowRun:
        return next(iter(self.sandbox.state.runs.values()))

    def job(self, name: str) -> Job:
        return next(self.sandbox.state.jobs[i] for i in self.run.jobs if self.sandbox.state.jobs[i].name == name)

    def log(self, name: str) -> str:
        return self.sandbox.state.logs[self.job(name).id]


def test_jobs_take_their_time_and_wait_for_those_they_need() -> None:
    workflow = f"  build:\n{STEPS}  lint:\n{STEPS}  ship:\n    needs: [build, lint]\n{STEPS}"
    endings = {"build": Ending(seconds=30), "lint": Ending(seconds=50), "ship": Ending(seconds=5, output="shipped\n")}
    bench = Bench(workflow, endings)
    bench.play()
    assert bench.began == [("build", 0), ("lint", 0), ("ship", 50)]
    assert (bench.seconds, bench.run.conclusion) == (55, "success")
    assert bench.job("build").completed_at == "2026-03-02T09:00:30Z"
    assert "shipped" in bench.log("ship")


def test_a_failure_stands_at_its_step_and_what_needs_it_is_skipped() -> None:
    workflow = f"  build:\n{STEPS}  ship:\n    needs: build\n{STEPS}"
    failing = Ending(conclusion="failure", step=0, output="::error file=a.py,line=3::no\n", exit_code=7)
    bench = Bench(workflow, {"build": failing})
    bench.play()
    assert (bench.run.conclusion, bench.job("ship").conclusion) == ("failure", "skipped")
    steps = [(step.name, step.conclusion) for step in bench.job("build").steps]
    assert steps[1:3] == [("Run echo one", "failure"), ("Run echo two", "skipped")]
    assert "Process completed with exit code 7." in bench.log("build")
    check = bench.sandbox.state.check_runs[bench.job("build").id]
    assert (check.annotations[0]["path"], check.annotations[0]["start_line"]) == ("a.py", 3)


def test_few_runners_take_one_job_after_the_other() -> None:
    bench = Bench(f"  a:\n{STEPS}  b:\n{STEPS}", {"a": Ending(seconds=10), "b": Ending(seconds=10)}, parallel=1)
    bench.play()
    assert bench.began == [("a", 0), ("b", 10)]


def test_a_job_over_its_time_is_cancelled() -> None:
    bench = Bench(f"  a:\n    timeout-minutes: 2\n{STEPS}", {"a": Ending(seconds=1_000)})
    bench.play()
    assert (bench.seconds, bench.job("a").conclusion) == (120, "cancelled")
    assert "exceeded the maximum execution time of 120s" in bench.log("a")


def test_what_was_cancelled_is_forgotten_and_may_run_again() -> None:
    bench = Bench(f"  a:\n{STEPS}", {"a": Ending(seconds=10)})
    assert bench.runner.step() == START + timedelta(seconds=10)
    actions_reruns.cancel(bench.sandbox, bench.run)
    assert bench.runner.step() is None
    actions_reruns.rerun(bench.sandbox, bench.run, "acme")
    bench.play()
    assert (bench.began, bench.run.conclusion) == ([("a", 0), ("a", 0)], "success")


@pytest.mark.parametrize("conclusion", ["cancelled", "timed_out", "success"])
def test_a_job_can_end_in_other_ways(conclusion: str) -> None:
    bench = Bench(f"  a:\n{STEPS}", {"a": Ending(conclusion=conclusion)})
    assert bench.runner.step() is None
    assert bench.job("a").conclusion == conclusion
