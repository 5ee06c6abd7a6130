"""How effects end: what a person is told after some tries, and what goes on for half a day because nobody would start it
anew."""

from datetime import timedelta
from statistics import median
from types import SimpleNamespace
from typing import cast

import pytest

from services.core.backoff import delay
from services.core.board import Action, ActionKind, Board
from services.engine.effects import Outcome
from services.engine.ends import (
    GIVE_UP_AFTER,
    QUIET,
    QUIET_GIVE_UP_AFTER,
    REFUSED_CAP,
    REFUSED_GIVE_UP_AFTER,
    outcome_of,
)
from services.errors import ApiError, GitError, NotFound, Refused, Unreachable
from services.store.outbox import Due
from services.tracing import Untraced
from tests.kit.plans import NOW


class Down:
    """GitHub is not there, or what else is said."""

    def __init__(self, error: ApiError | GitError) -> None:
        self._error = error

    async def carry_out(self, board: Board, due: Due, /) -> Outcome:
        raise self._error


GONE = Unreachable(502, "Bad Gateway")


async def ended(
    kind: ActionKind, tries: int, error: ApiError | GitError = GONE, *, age: timedelta = timedelta()
) -> Outcome:
    action = Action(key=f"r/a/1/{kind}", kind=kind, task="a")
    due = Due(run_id="r", action=action, tries=tries, since=NOW - age if tries else None)
    board = SimpleNamespace(run=SimpleNamespace(id="r", trace=""))
    return await outcome_of(Down(error), cast("Board", board), due, Untraced(), NOW)


@pytest.mark.parametrize("kind", ["track", "attempt", "open_pull", "merge"])
async def test_what_a_task_waits_for_is_told_after_some_tries(kind: ActionKind) -> None:
    assert (await ended(kind, GIVE_UP_AFTER - 2)).again_in is not None
    last = await ended(kind, GIVE_UP_AFTER - 1)
    assert last.again_in is None
    assert [happening.kind for happening in last.happened] == ["broke"]


async def test_an_attempt_outlasts_git_that_is_away_as_long() -> None:
    assert (await ended("attempt", GIVE_UP_AFTER - 2, GitError("no"))).again_in is not None
    assert (await ended("attempt", GIVE_UP_AFTER - 1, GitError("no"))).again_in is None


@pytest.mark.parametrize("kind", ["tidy", "label", "mark", "finish"])
async def test_what_nobody_would_start_anew_outlasts_an_outage(kind: ActionKind) -> None:
    assert (await ended(kind, GIVE_UP_AFTER + 50)).again_in is not None
    last = await ended(kind, QUIET_GIVE_UP_AFTER - 1)
    assert (last.again_in, last.happened) == (None, ())


async def test_a_gate_that_may_be_required_is_tried_as_long_as_it_is_wanted() -> None:
    for error in (GONE, FORBIDDEN, NotFound(410, "This issue was deleted")):
        assert (await ended("checks", 10 * QUIET_GIVE_UP_AFTER, error, age=timedelta(days=9))).again_in is not None


FORBIDDEN = Refused(403, "Resource not accessible by integration")
REFUSALS = [
    FORBIDDEN,
    Refused(401, "A JSON web token could not be decoded"),
    Refused(422, "No commit found for SHA"),
    NotFound(404, "Not Found"),
]


@pytest.mark.parametrize("error", REFUSALS)
@pytest.mark.parametrize("kind", sorted(QUIET))
async def test_what_nobody_would_start_anew_outlasts_a_refusal_too(kind: ActionKind, error: ApiError) -> None:
    assert (await ended(kind, 0, error)).again_in is not None
    later = await ended(kind, 40, error, age=REFUSED_GIVE_UP_AFTER - timedelta(minutes=1))
    assert later.again_in is not None
    if kind != "checks":
        last = await ended(kind, 40, error, age=REFUSED_GIVE_UP_AFTER)
        assert (last.again_in, last.happened, last.note) == (None, (), str(error))


@pytest.mark.parametrize(
    "error", [NotFound(410, "This issue was deleted"), Refused(403, "Repository was archived so is read-only.")]
)
async def test_what_is_gone_or_takes_no_changes_is_left_alone(error: ApiError) -> None:
    assert (await ended("tidy", 0, error)).again_in is None


async def test_what_a_task_waits_for_is_told_at_its_first_refusal() -> None:
    assert [happening.kind for happening in (await ended("open_pull", 0, FORBIDDEN)).happened] == ["broke"]


def test_refusals_are_asked_about_seldom() -> None:
    for n in range(50):
        rests = [delay(f"r/a/{n}/tidy", tries, cap=REFUSED_CAP) for tries in range(1, 120)]
        assert (
            40 < next(tries for tries in range(119) if sum(rests[:tries]) > REFUSED_GIVE_UP_AFTER.total_seconds()) < 90
        )


def test_what_a_task_waits_for_outlasts_a_quarter_of_an_hour() -> None:
    lasts = [sum(delay(f"r/a/{n}/merge", tries) for tries in range(1, GIVE_UP_AFTER)) for n in range(200)]
    assert median(lasts) >= 15 * 60
    assert min(lasts) >= 5 * 60
