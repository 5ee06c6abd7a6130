"""How effects end: what a person is told after some tries, and what goes on for half a day because nobody would start it
anew."""

from statistics import median
from types import SimpleNamespace
from typing import cast

import pytest

from services.core.backoff import delay
from services.core.board import Action, ActionKind, Board
from services.engine.effects import Outcome
from services.engine.ends import GIVE_UP_AFTER, QUIET_GIVE_UP_AFTER, outcome_of
from services.errors import ApiError, GitError, Unreachable
from services.store.outbox import Due
from services.tracing import Untraced


class Down:
    """GitHub is not there, or what else is said."""

    def __init__(self, error: ApiError | GitError) -> None:
        self._error = error

    async def carry_out(self, board: Board, due: Due, /) -> Outcome:
        raise self._error


GONE = Unreachable(502, "Bad Gateway")


async def ended(kind: ActionKind, tries: int, error: ApiError | GitError = GONE) -> Outcome:
    due = Due(run_id="r", action=Action(key=f"r/a/1/{kind}", kind=kind, task="a"), tries=tries)
    board = SimpleNamespace(run=SimpleNamespace(id="r", trace=""))
    return await outcome_of(Down(error), cast("Board", board), due, Untraced())


@pytest.mark.parametrize("kind", ["track", "attempt", "open_pull", "merge"])
async def test_what_a_task_waits_for_is_told_after_some_tries(kind: ActionKind) -> None:
    assert (await ended(kind, GIVE_UP_AFTER - 2)).again_in is not None
    last = await ended(kind, GIVE_UP_AFTER - 1)
    assert last.again_in is None
    assert [happening.kind for happening in last.happened] == ["broke"]


async def test_an_attempt_outlasts_git_that_is_away_as_long() -> None:
    assert (await ended("attempt", GIVE_UP_AFTER - 2, GitError("no"))).again_in is not None
    assert (await ended("attempt", GIVE_UP_AFTER - 1, GitError("no"))).again_in is None


@pytest.mark.parametrize("kind", ["tidy", "label", "checks", "mark", "finish"])
async def test_what_nobody_would_start_anew_outlasts_an_outage(kind: ActionKind) -> None:
    assert (await ended(kind, GIVE_UP_AFTER + 50)).again_in is not None
    last = await ended(kind, QUIET_GIVE_UP_AFTER - 1)
    assert (last.again_in, last.happened) == (None, ())


def test_what_a_task_waits_for_outlasts_a_quarter_of_an_hour() -> None:
    lasts = [sum(delay(f"r/a/{n}/merge", tries) for tries in range(1, GIVE_UP_AFTER)) for n in range(200)]
    assert median(lasts) >= 15 * 60
    assert min(lasts) >= 5 * 60
