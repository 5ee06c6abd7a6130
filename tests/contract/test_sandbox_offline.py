"""The sandbox without sockets: everything follows from the seed, and is as GitHub describes it."""

import asyncio
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from services.sandbox.kernel import Request
from services.sandbox.runner import Runner, local
from services.sandbox.scenario import Scenario
from services.sandbox.server import start
from tests.contract import offline
from tests.contract.offline import WORKFLOW, Stage, digest, played
from tests.kit.contract import Recorder

ROOT = Path(__file__).parent.parent.parent


def elsewhere(hash_seed: int, *seeds: int) -> list[str]:
    """The digests of these seeds as another process finds them, with another order of sets and dictionaries' hashes."""
    env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-m", offline.__name__, *map(str, seeds)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout.split()


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    here = [digest(played(seed)) for seed in (5, 6)]
    assert here[0] != here[1]
    assert elsewhere(1, 5, 6) == here
    assert elsewhere(2, 5, 6) == here


class Recorded(Stage):
    """Every exchange is judged."""

    def __init__(self, seed: int, recorder: Recorder) -> None:
        super().__init__(seed)
        self.recorder = recorder

    def handle(self, request: Request) -> Any:
        answer = self.sandbox.handle(request)
        content = answer.encoded()
        self.recorder.exchange(
            request.method, request.path, request.headers, request.body, answer.status, answer.headers, content
        )
        return answer


def test_a_whole_plan_is_as_github_describes_it(contract: Recorder) -> None:
    stage = played(3, Recorded(3, contract))
    for delivery in stage.sandbox.state.deliveries.values():
        contract.delivery(delivery.event, offline.decoded(delivery))
    assert len(stage.sandbox.state.merges) == 4
    assert [issue.state for issue in stage.sandbox.state.issues.values()] == ["closed"] * 9
    assert len(stage.deliveries) == len(stage.sandbox.state.deliveries) > 100
    assert stage.sandbox.state.outgoing == []


def test_archives_are_the_same_bytes_whenever_they_are_asked_for() -> None:
    stage = Stage(1)
    for kind in ("tarball", "zipball"):
        place = stage.sandbox.handle(Request(method="GET", path=f"/repos/acme/api/{kind}/main")).headers["location"]
        ask = Request(method="GET", path=place.removeprefix("http://127.0.0.1"))
        first = stage.sandbox.handle(ask).encoded()
        stage.seconds += 100
        assert stage.sandbox.handle(ask).encoded() == first
        assert b"README.md" in first or kind == "tarball"


def test_the_example_in_the_documentation_runs() -> None:
    page = (ROOT / "docs" / "explanation" / "contracts.md").read_text()
    found = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(found[0], names)
    sandbox = names["sandbox"]
    assert names["answer"].json["full_name"] == "acme/api"
    assert [run.conclusion for run in sandbox.state.runs.values()] == ["success"]
    assert names["now"] - names["start"] == timedelta(seconds=40)
    told = [(row.event, row.status_code) for row in sandbox.state.deliveries.values()]
    assert ("push", 202) in told
    assert {code for _, code in told} == {202}


async def test_a_server_over_memory_answers_and_says_what_it_cannot_do(contract: Recorder) -> None:
    stage = Stage(1)
    running = await start(stage.sandbox, deliver=False, on_exchange=contract.exchange)
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {stage.token}"}) as session:
            async with session.get(f"{running.url}/repos/acme/api") as answer:
                assert (answer.status, (await answer.json())["name"]) == (200, "api")
            async with session.get(f"{running.url}/acme/api.git/info/refs?service=git-upload-pack") as refused:
                assert (refused.status, "in memory" in await refused.text()) == (501, True)
    finally:
        await running.close()


async def test_a_runner_of_processes_says_that_it_has_no_files() -> None:
    stage = Stage(1)
    done = asyncio.Event()
    flow = WORKFLOW.replace("pull_request", "push")
    repo = stage.sandbox.repo_named("acme/api")
    assert repo is not None
    Scenario(stage.sandbox).commit(repo, {".github/workflows/ci.yml": flow}, "Run on a push", announce=True)
    run = next(iter(stage.sandbox.state.runs.values()))
    stage.sandbox.on_event.append(lambda: done.set() if run.status == "completed" else None)
    working = asyncio.create_task(Runner(stage.sandbox, local).run())
    await asyncio.wait_for(done.wait(), 30)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert run.conclusion == "failure"
    assert "such a sandbox needs a SimulatedRunner" in stage.sandbox.state.logs[run.jobs[0]]


def test_an_answer_does_not_change_afterwards() -> None:
    """What was handed out is a value: later calls change the state and not the answers a caller still holds."""
    stage = Stage(1)
    before = stage.call("POST", "/repos/acme/api/issues", {"title": "One", "labels": ["bug"], "assignees": ["ana"]})
    text = repr(before)
    stage.call("POST", f"/repos/acme/api/issues/{before['number']}/labels", {"labels": ["question"]})
    stage.call("PATCH", f"/repos/acme/api/issues/{before['number']}", {"title": "Two", "assignees": []})
    assert repr(before) == text
