"""The Actions runner with real processes: what steps see, what they leave, and that nothing survives them."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from services.sandbox import actions
from services.sandbox.actions_records import Job, WorkflowRun
from services.sandbox.runner import Runner, local
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

HEAD = "on: push\njobs:\n"


async def until(hub: Hub, is_so: Callable[[], bool]) -> None:
    """Wait for the sandbox to tell of something, until it is so."""
    told = asyncio.Event()
    hub.sandbox.on_event.append(told.set)
    async with asyncio.timeout(240):
        while not is_so():
            told.clear()
            await told.wait()
    hub.sandbox.on_event.remove(told.set)


async def carry_out(hub: Hub, text: str, scratch: Path, *, longest: float = 60.0) -> WorkflowRun:
    """Push a workflow and let a runner work until the run is over."""
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": text}, "Add a workflow", login="ada", announce=True)
    run = list(hub.sandbox.state.runs.values())[-1]
    runner = Runner(hub.sandbox, local, scratch=scratch, longest=longest, output_limit=20_000)
    working = asyncio.create_task(runner.run())
    await until(hub, lambda: run.status == "completed")
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    hub.hear()
    assert left_over(scratch) == []
    return run


def left_over(scratch: Path) -> list[Path]:
    return list(scratch.iterdir())


def job(hub: Hub, run: WorkflowRun, name: str) -> Job:
    return next(job for i in run.jobs if (job := hub.sandbox.state.jobs[i]).name == name)


def log(hub: Hub, run: WorkflowRun, name: str) -> str:
    """A job's log without the times."""
    return "\n".join(line[29:] for line in hub.sandbox.state.logs[job(hub, run, name).id].splitlines())


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    place = tmp_path / "scratch"
    place.mkdir()
    return place


async def test_steps_see_the_files_and_pass_values_on(hub: Hub, scratch: Path) -> None:
    text = f"""{HEAD}
  first:
    runs-on: ubuntu-latest
    env: {{GREETING: 'hi ${{{{ github.actor }}}}'}}
    outputs: {{word: '${{{{ steps.say.outputs.word }}}}'}}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: '3.12'}}
      - run: |
          python src/main.py
          echo "$GREETING / $CI / $GITHUB_REPOSITORY / $GITHUB_REF_NAME / $HOME"
          echo "LATER=from env" >> "$GITHUB_ENV"
          mkdir bin && printf '#!/bin/sh\\necho own tool\\n' > bin/own && chmod +x bin/own
          echo "$PWD/bin" >> "$GITHUB_PATH"
      - id: say
        run: printf 'word<<END\\ntwo\\nlines\\nEND\\n' >> "$GITHUB_OUTPUT"; echo "$LATER"; own
      - if: failure()
        run: echo never
      - shell: python
        run: import sys; print("python", sys.version_info.major)
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - name: Show ${{{{ github.event_name }}}}
        working-directory: src
        run: ls; echo "[${{{{ needs.first.outputs.word }}}}]"; test "${{{{ needs.first.result }}}}" = success
"""
    run = await carry_out(hub, text, scratch)
    assert run.conclusion == "success"
    first = log(hub, run, "first")
    assert "\n1\n" in first
    assert "hi ada / true / acme/api / main / " + str(scratch) in first
    assert "from env\nown tool" in first
    assert "python 3" in first
    assert "never" not in first
    assert "main.py" in log(hub, run, "second")
    assert "[two\nlines]" in log(hub, run, "second")
    steps = job(hub, run, "first").steps
    assert [step.conclusion for step in steps] == ["success"] * 5 + ["skipped"] + ["success"] * 2
    assert job(hub, run, "second").steps[1].name == "Show push"


async def test_a_failing_step_stops_the_job_but_for_what_always_runs(hub: Hub, scratch: Path) -> None:
    text = f"""{HEAD}
  a:
    runs-on: x
    steps:
      - run: exit 3
        continue-on-error: true
        id: soft
      - run: test "${{{{ steps.soft.outcome }}}}/${{{{ steps.soft.conclusion }}}}" = failure/success
      - run: |
          echo before
          false
          echo after
      - run: echo not reached
      - if: ${{{{ always() && github.ref == 'refs/heads/main' }}}}
        run: echo cleaning
"""
    run = await carry_out(hub, text, scratch)
    assert run.conclusion == "failure"
    found = log(hub, run, "a")
    assert "before\n##[error]Process completed with exit code 1." in found
    assert "\ncleaning" in found
    assert "\nnot reached" not in found
    ends = [step.conclusion for step in job(hub, run, "a").steps[1:-1]]
    assert ends == ["success", "success", "failure", "skipped", "success"]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("uses: someone/else@v1", "The action someone/else@v1 is not known here"),
        ("run: echo ${{ nope.x }}", "Unrecognized named-value: 'nope'"),
        ("{run: ls, shell: pwsh}", "The shell pwsh is not on this machine"),
        ("{run: ls, working-directory: gone}", "The working directory gone is not there"),
        ("{uses: actions/checkout@v4, with: {repository: o/r}}", "Only the repository itself"),
        ("{uses: actions/checkout@v4, with: {ref: gone}}", "could not be found"),
        ("{run: sleep 600, timeout-minutes: 0.002}", "The action has timed out"),
    ],
)
async def test_what_cannot_be_done_fails_with_one_line(hub: Hub, scratch: Path, step: str, line: str) -> None:
    text = f"{HEAD}  a:\n    runs-on: x\n    steps:\n      - {step}\n"
    run = await carry_out(hub, text, scratch)
    assert run.conclusion == "failure"
    assert line in log(hub, run, "a")


async def test_another_ref_can_be_checked_out(hub: Hub, scratch: Path) -> None:
    hub.branch("side", {"only-there.txt": "x"})
    step = "{uses: actions/checkout@v4, with: {ref: side}}"
    text = f"{HEAD}  a:\n    runs-on: x\n    steps:\n      - {step}\n      - run: ls\n"
    run = await carry_out(hub, text, scratch)
    assert "only-there.txt" in log(hub, run, "a")


async def test_a_job_whose_time_is_up_is_cancelled(hub: Hub, scratch: Path) -> None:
    text = f"{HEAD}  a:\n    runs-on: x\n    steps:\n      - run: sleep 600\n"
    run = await carry_out(hub, text, scratch, longest=0.2)
    assert run.conclusion == "cancelled"
    assert "exceeded the maximum execution time of 0.2s" in log(hub, run, "a")


async def test_no_process_survives_its_job(hub: Hub, scratch: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    text = f"{HEAD}  a:\n    runs-on: x\n    steps:\n      - run: sleep 600 & echo $! > {pid}\n"
    run = await carry_out(hub, text, scratch)
    assert run.conclusion == "success"
    assert not is_alive(int(pid.read_text()))


async def test_cancelling_a_run_stops_its_processes(hub: Hub, scratch: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    text = f"{HEAD}  a:\n    runs-on: x\n    steps:\n      - run: echo $$ > {fifo}; sleep 600\n"
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": text}, "Add a workflow", login="ada", announce=True)
    run = next(iter(hub.sandbox.state.runs.values()))
    working = asyncio.create_task(Runner(hub.sandbox, local, scratch=tmp_path).run())
    async with asyncio.timeout(240):
        pid = int(await asyncio.to_thread(fifo.read_text))
        hub.ok("POST", f"actions/runs/{run.id}/cancel")
        await ended(pid)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert hub.ok("GET", f"actions/runs/{run.id}")["conclusion"] == "cancelled"


async def test_long_output_is_cut_in_the_middle(hub: Hub, scratch: Path) -> None:
    text = f"{HEAD}  a:\n    runs-on: x\n    steps:\n      - run: echo first; seq 1 20000; echo last\n"
    run = await carry_out(hub, text, scratch)
    found = log(hub, run, "a")
    assert "\nfirst\n" in found
    assert "bytes of output were left out here" in found
    assert found.endswith("last")
    assert len(found) < 40_000


async def test_jobs_run_side_by_side_up_to_a_limit(hub: Hub, scratch: Path, tmp_path: Path) -> None:
    fifos = [tmp_path / "one", tmp_path / "two"]
    for fifo in fifos:
        os.mkfifo(fifo)
    # Each writes what the other reads: neither ends unless both run.
    jobs = [(fifos[0], fifos[1]), (fifos[1], fifos[0])]
    body = "".join(
        f"  j{n}:\n    runs-on: x\n    steps:\n      - run: '{{ echo a > {a}; }} & read x < {b}; wait'\n"
        for n, (a, b) in enumerate(jobs)
    )
    run = await carry_out(hub, HEAD + body, scratch)
    assert run.conclusion == "success"


async def ended(pid: int) -> None:
    """Wait for the end of a process that is not ours to wait for."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(handle, over.set)
        await over.wait()
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_due_is_bounded(hub: Hub) -> None:
    text = "on: push\njobs: {a: {runs-on: x, strategy: {matrix: {n: [1, 2, 3]}}, steps: [{run: 'true'}]}}"
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": text}, "Add a workflow", announce=True)
    assert len(actions.due(hub.sandbox, limit=2)) == 2
