"""Looks: what no event will tell of is asked again, a few times and ever later."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from services.core.board import Board, Run
from services.core.gate import SURE, PullFact
from services.engine.line import Line, Mail
from services.engine.looks import WORKS_OUT, Looks
from tests.kit.plans import NOW, happen, in_review, run, task


@dataclass
class Parts:
    """What looks need of the engine's parts."""

    timers: object
    spawn: object
    clock: object


class Stage:
    """One run; `answers` are what GitHub says in turn, timers are kept until they are fired."""

    def __init__(self, group: asyncio.TaskGroup, answers: Iterable[PullFact], current: Run) -> None:
        self._group = group
        self._answers = iter(answers)
        self.line = Line(board=Board(current))
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.mail: asyncio.Queue[Mail] = asyncio.Queue()
        self.time = NOW
        parts = cast("Any", Parts(timers=self, spawn=self.spawn, clock=self))
        self.looks = Looks(parts, self, lambda _: self.line, self.board, lambda _, mail: self.mail.put_nowait(mail))

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        self._group.create_task(work, name=name)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.timers.append((seconds, call))

    def now(self) -> datetime:
        return self.time

    async def board(self, _: str) -> Board | None:
        return self.line.board

    async def facts(self, run: Run, task_ids: Iterable[str], /, *, rank: str = "event") -> dict[str, PullFact]:
        return {task_id: next(self._answers) for task_id in task_ids}


def pull(*, unsettled: bool) -> PullFact:
    return PullFact(
        number=1, state="open", head_sha="a" * 40, mergeable=None if unsettled else False, unsettled=unsettled
    )


async def after_looks(answers: list[PullFact], fired: int, current: Run | None = None) -> tuple[list[float], int]:
    """The waits that were asked for when so many timers have fired, and the timers left."""
    async with asyncio.timeout(240), asyncio.TaskGroup() as group:
        stage = Stage(group, answers, current or run(task("one")))
        stage.looks.wake("r", ["one"])
        await stage.mail.get()
        waits = [seconds for seconds, _ in stage.timers]
        for _ in range(fired):
            _, call = stage.timers.pop(0)
            call()
            await stage.mail.get()
            waits += [seconds for seconds, _ in stage.timers]
        return waits, len(stage.timers)


async def test_whether_it_can_be_merged_is_asked_until_github_has_worked_it_out() -> None:
    answers = [pull(unsettled=True), pull(unsettled=True), pull(unsettled=False)]
    assert await after_looks(answers, 2) == (list(WORKS_OUT[:2]), 0)


async def test_a_task_that_an_edit_takes_out_while_it_is_read_loses_nobody_their_facts() -> None:
    current = run(task("one"), task("two"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        stage = Stage(group, [pull(unsettled=False)] * 2, current)

        async def facts(asked: Run, task_ids: Iterable[str], /, *, rank: str = "event") -> dict[str, PullFact]:
            stage.line.board = Board(run(task("two")))
            cast("Board", board).run = run(task("two"))
            return {task_id: pull(unsettled=False) for task_id in task_ids}

        board, stage.facts = stage.line.board, facts  # type: ignore[method-assign]
        stage.looks.wake("r", ["one", "two"])
        assert set((await stage.mail.get()).facts) == {"one", "two"}


async def test_it_is_not_asked_for_ever() -> None:
    answers = [pull(unsettled=True)] * (len(WORKS_OUT) + 1)
    assert await after_looks(answers, len(WORKS_OUT)) == (list(WORKS_OUT), 0)


async def test_an_earlier_head_of_ours_is_looked_at_again_once_it_is_no_late_answer() -> None:
    current = happen(in_review(task("one"), head=EARLIER), "one", "rebasing").run
    current = happen(current, "one", "rebased", sha="b" * 40, fence=current.tasks["one"].fence).run
    answers = [earlier(NOW + timedelta(seconds=20)), earlier(NOW + timedelta(seconds=61))]
    assert await after_looks(answers, 1, current) == ([SURE.total_seconds() - 20], 0)


EARLIER = "a" * 40


def earlier(seen_at: datetime) -> PullFact:
    return PullFact(number=5, state="open", head_sha=EARLIER, seen_at=seen_at)


async def test_what_a_merge_queue_has_no_more_has_left_it_once_a_later_look_says_so_too() -> None:
    """What it merges it may let go of a moment before."""
    current, out, back = run(task("one")), left(is_out=True), left(is_out=False)
    answers = [out, back, out, out, out, out]
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        stage, told = Stage(group, answers, current), []
        for seconds in (0, 30, 61, 100, 121, 122):
            stage.time = NOW + timedelta(seconds=seconds)
            stage.looks.wake("r", ["one"])
            told.append((await stage.mail.get()).facts["one"].left_queue)
    assert told == [False, False, False, False, True, True]
    assert [seconds for seconds, _ in stage.timers] == [60.0, 60.0, 21.0]


def left(*, is_out: bool) -> PullFact:
    return PullFact(number=5, state="open", head_sha=EARLIER, left_queue=is_out)
