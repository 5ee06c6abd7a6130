"""A plan's page says where each attempt is, since when, and how long its steps took."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal

import pytest

from services.core.board import Action, Decision, Run
from services.core.steps import TALK
from services.store.checkpoints import Point, Spot
from services.store.outbox import Settle
from tests.kit.plans import NOW, plan, task
from tests.web.stage import House, house, now_at


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


async def tried(home: House, run: Run, task_id: str, **steps: float) -> None:
    """An attempt began ten minutes before the page is looked at, and these steps of it took so many seconds."""
    state = run.tasks[task_id]
    spot = Spot(run_id=run.id, task=task_id, attempt=state.attempt, fence=state.fence)
    at = NOW + timedelta(minutes=50)
    assert await home.points.begin(spot, at) is not None
    for name, seconds in steps.items():
        at += timedelta(seconds=seconds)
        await home.points.append(spot, Point(step=name, at=at, seconds=seconds))


async def effect(
    home: House, run: Run, task_id: str, kind: Literal["attempt", "open_pull"] = "attempt", **settle: object
) -> None:
    """The attempt, or what follows it, stands in the outbox, and it ended so."""
    action = Action(key=f"{run.id}/{task_id}/1/{kind}", kind=kind, task=task_id, attempt=1)
    begun = Decision(run_id=run.id, state=run.state, actions=(action,))
    await home.runs.commit(run.plan_id, begun, NOW)
    ended = Decision(run_id=run.id, state=run.state)
    await home.runs.commit(run.plan_id, ended, NOW, [Settle(key=action.key, **settle)])  # type: ignore[arg-type]


def row(html: str, task_id: str) -> str:
    """The words of a task's row."""
    found = re.search(rf'<tr id="{task_id}">.*?</tr>', html, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))


async def test_the_running_step_and_the_finished_ones(home: House) -> None:
    states = [now_at(name, "running", attempt=1, fence=1) for name in ("one", "two")]
    run = await home.ran(plan(task("one", verify="true"), task("two"), task("three")), states)
    await tried(home, run, "one", worktree=2.25, agent=180.0, commit=0.04)
    await tried(home, run, "two", worktree=0.4)
    spot = Spot(run_id=run.id, task="two", attempt=1, fence=1)
    await home.points.append(spot, Point(step=TALK, at=NOW + timedelta(minutes=55), data=b'{"turns":3}'))
    _, html, _ = await home.get("/plans/acme/platform/7")
    assert "verify since 6 min ago · 12:53 worktree 2.2 s · agent 3 min · commit 0.0 s" in row(html, "one")
    assert "agent since 10 min ago · 12:50 · 3 turns worktree 0.4 s" in row(html, "two")
    assert "since" not in row(html, "three")


async def test_an_attempt_that_waits_for_its_next_try_does_not_run(home: House) -> None:
    run = await home.ran(plan(task("one")), [now_at("one", "running", attempt=1, fence=1)])
    await tried(home, run, "one", worktree=0.4)
    again = NOW + timedelta(minutes=61)
    await effect(home, run, "one", again_at=again, note="git push failed: <b>no</b> route")
    _, html, _ = await home.get("/plans/acme/platform/7")
    assert "tried again at 13:01:00: git push failed: &lt;b&gt;no&lt;/b&gt; route" in row(html, "one")
    assert "agent since" not in html
    await effect(home, run, "one", "open_pull", again_at=again, note="502 Bad Gateway")
    _, html, _ = await home.get("/plans/acme/platform/7")
    assert "pull request tried again at 13:01:00: 502 Bad Gateway" in row(html, "one")


async def test_the_steps_of_the_last_attempt_can_be_unfolded(home: House) -> None:
    states = [now_at("one", "running", attempt=1, fence=1), now_at("two", "running", attempt=1, fence=1)]
    run = await home.ran(plan(task("one"), task("two")), states)
    await tried(home, run, "one", worktree=1.0, agent=30.0)
    over = now_at("one", "failed", "The script ended with exit code 1", attempt=1, fence=1)
    await home.runs.commit(run.plan_id, Decision(run_id=run.id, state=run.state, changed=(over,)), NOW)
    _, html, _ = await home.get("/plans/acme/platform/7?task=one")
    assert re.search(r'<details class="steps"><summary class="meta">steps took 31 s</summary>', html)
    assert "steps took 31 s worktree 1.0 s · agent 30 s" in row(html, "one")
    assert "since 30 min ago" not in row(html, "one")
