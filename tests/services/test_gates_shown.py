"""services/engine/gates.py: what a gate shows, when answers are lost, heads move on and two processes post it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.core.depends import Need
from services.core.report import CheckReport
from services.engine import gates
from services.engine.gates import Gatekeeper
from services.engine.parts import Parts
from services.errors import Unreachable
from services.store.gates import Gates
from tests.kit.driving import StillClock
from tests.kit.store import Place

API = ("acme/api", 1)
NEED = "acme/web#2"
GREEN = CheckReport(status="completed", conclusion="success", title="Its need has merged", summary="")
WAITS = CheckReport(status="in_progress", title="Waits for 1 of 2", summary="")


class _Hub:
    """GitHub, as far as a gate sees it."""

    def __init__(self) -> None:
        self.body, self.head = f"Depends-On: {NEED}", "a"
        self.posted: list[tuple[str, str]] = []
        self.is_lost = self.is_away = False
        self.required_ones: Sequence[str] = ("lockstep/gate",)
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.begun = asyncio.Event()

    def ranked(self, _: str) -> "_Hub":
        return self

    async def issue(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(body=self.body, is_pull=True, author="ana", number=1)

    async def pull(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(number=1, head_sha=self.head, state="open", merged=False, base_ref="main", head_ref="x")

    async def required(self, *_: object) -> Sequence[str]:
        return self.required_ones

    async def put_check(self, _repo: str, sha: str, _name: str, _about: str, told: CheckReport, **_: object) -> None:
        self.begun.set()
        if self.is_away:
            raise Unreachable(0, "nobody answers")
        await self.goes_on.wait()
        self.posted.append((sha, told.status))
        if self.is_lost:
            raise Unreachable(0, "the answer was lost")


class _Standing:
    """Of what is named nothing has merged."""

    def __init__(self, _: object) -> None:
        return

    async def of(self, _repo: str, _issue: object, needs: Sequence[Need], _lifted: Mapping[str, object]) -> Any:
        return [(need, "open") for need in needs]


class _Keeper(Gatekeeper):
    """task: what stands in the store of the task that is done with the pull request; None: there is none."""

    task: Any = None

    async def _is_ours(self, *_: object) -> bool:
        return False

    async def _task_of(self, *_: object) -> Any:
        return self.task

    async def circle(self, *_: object) -> tuple[str, ...]:
        return ()


def _keeper(rows: Gates, hub: _Hub) -> _Keeper:
    parts = SimpleNamespace(
        clock=StillClock(),
        settings=SimpleNamespace(github_url="https://github.com"),
        runs=SimpleNamespace(holds=lambda _: True),
        spawn=lambda _, task: task.close(),
        timers=SimpleNamespace(after=lambda *_: None),
        github=SimpleNamespace(reads=hub, writes=hub),
    )
    return _Keeper(cast("Parts", parts), rows)


def _task(head: str = "a", report: CheckReport = GREEN) -> Any:
    return SimpleNamespace(id="r", plan=SimpleNamespace(by_id={"t": None}), report=report), SimpleNamespace(
        id="t", head_sha=head
    )


@pytest.fixture
async def rows(place: Place) -> AsyncIterator[Gates]:
    database = place.database()
    await database.open()
    yield Gates(database)
    await database.close()


@pytest.fixture(autouse=True)
def stubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_hidden(*_: object) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr(gates, "Standing", _Standing)
    monkeypatch.setattr(gates, "gate", lambda run, _state, _hidden: run.report)
    monkeypatch.setattr(gates, "hidden_around", nothing_hidden)


async def test_what_a_lost_answer_may_have_shown_is_said_anew(rows: Gates) -> None:
    hub = _Hub()
    await rows.waits(*API, ())
    await _keeper(rows, hub).look(*API)
    hub.body, hub.is_lost = "", True
    await _keeper(rows, hub).look(*API)
    hub.body, hub.is_lost = f"Depends-On: {NEED}", False
    await _keeper(rows, hub).look(*API)
    assert hub.posted == [("a", "in_progress"), ("a", "completed"), ("a", "in_progress")]


async def test_what_a_plan_says_of_one_head_is_not_shown_on_another(rows: Gates) -> None:
    hub = _Hub()
    keeper, hub.body = _keeper(rows, hub), ""
    keeper.task, hub.head = _task(), "b"
    await keeper.of_task(*API, None)
    assert hub.posted == []
    keeper.task = _task("b")
    await keeper.of_task(*API, None)
    assert hub.posted == [("b", "completed")]


async def test_of_two_that_post_a_gate_the_one_that_knew_less_does_not_have_the_last_word(rows: Gates) -> None:
    slow, quick = _Hub(), _Hub()
    slow.body = quick.body = ""
    slow.posted = quick.posted
    one, other = _keeper(rows, slow), _keeper(rows, quick)
    one.task = _task()
    slow.goes_on.clear()
    late = asyncio.create_task(one.of_task(*API, None))
    await slow.begun.wait()
    one.task = other.task = _task(report=WAITS)
    await other.of_task(*API, None)
    slow.goes_on.set()
    await late
    assert quick.posted == [("a", "in_progress"), ("a", "completed"), ("a", "in_progress")]


async def test_a_task_that_is_over_has_no_gate(rows: Gates) -> None:
    hub = _Hub()
    await _keeper(rows, hub).of_task(*API, None)
    assert hub.posted == []


@pytest.mark.parametrize("task", [None, _task()])
async def test_what_could_not_be_shown_once_is_shown_when_it_is_tried_again(rows: Gates, task: Any) -> None:
    hub = _Hub()
    keeper, hub.required_ones = _keeper(rows, hub), ()
    keeper.task = task
    await rows.waits(*API, ())
    await keeper.look(*API) if task is None else await keeper.of_task(*API, None)
    hub.body, hub.is_away = "", True
    await keeper.look(*API)
    hub.is_away = False
    await keeper.look(*API)
    assert hub.posted == [("a", "in_progress"), ("a", "completed")]
    assert await rows.get(*API) is None


async def test_a_head_that_was_read_too_early_has_its_gate_later(rows: Gates) -> None:
    hub = _Hub()
    keeper, hub.body = _keeper(rows, hub), ""
    keeper.task = _task("b")
    await keeper.of_task(*API, None)
    hub.head = "b"
    await keeper.look(*API)
    assert hub.posted == [("b", "completed")]


async def test_who_took_the_last_need_away_does_not_have_the_last_word_either(rows: Gates) -> None:
    slow, quick = _Hub(), _Hub()
    quick.posted = slow.posted
    one, other = _keeper(rows, slow), _keeper(rows, quick)
    one.task = _task(report=WAITS)
    await rows.waits(*API, ())
    await one.look(*API)
    slow.body = quick.body = ""
    one.task = _task()
    slow.goes_on.clear()
    slow.begun.clear()
    late = asyncio.create_task(one.look(*API))
    await slow.begun.wait()
    one.task = other.task = _task(report=WAITS)
    await other.of_task(*API, None)
    slow.goes_on.set()
    await late
    assert slow.posted[-1] == ("a", "in_progress")
