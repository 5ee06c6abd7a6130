"""services/engine/keyless.py: what came of each step is written down, and nothing is told that may have been."""

import asyncio
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.core.backoff import delay
from services.core.board import Action
from services.core.keyless import AGAIN, LOOKS, MOST_AWAY, MOST_LOOKS, MOST_TOLD, Trail
from services.engine import keyless
from services.engine.ends import settle_of
from services.engine.keyless import Ended
from services.engine.outcome import Outcome
from services.errors import ApiError, RateLimited, Refused, Unreachable, Withdrawn
from services.store.outbox import Due
from tests.kit.plans import NOW

AWAY, LIMITED = Unreachable(503, "away", retry_after=400), RateLimited(429, "slow down", retry_after=7)


class Hub:
    """GitHub, which answers as told, and the outbox in between."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.due = Due(run_id="r", action=Action(key="r/a/1/attempt", kind="attempt", task="a"), tries=0)

    async def takes(self, *answers: str | ApiError) -> Outcome | Ended:
        left = list(answers)

        async def asked(what: str) -> str:
            self.asked.append(what)
            if isinstance(answer := left.pop(0), ApiError):
                raise answer
            return answer

        made = await keyless.once(self.due, lambda: asked("tell"), lambda: asked("look"))
        assert not left
        if isinstance(made, Outcome):
            assert made.free
            self.due = msgspec.structs.replace(self.due, tries=max(self.due.tries, 1), trail=made.trail)
        return made

    def comes_to_nothing(self, *, is_free: bool) -> None:
        """What was to be read first could not be, as the outbox then keeps it."""
        settle = settle_of(self.due, Outcome(again_in=0.0, free=is_free), NOW)
        tries = max(self.due.tries, 1) if is_free else self.due.tries + 1
        self.due = msgspec.structs.replace(self.due, tries=tries, trail=settle.trail)

    def is_killed(self) -> None:
        self.due = msgspec.structs.replace(self.due, tries=self.due.tries + 1)


async def test_a_run_that_github_names_is_it() -> None:
    assert await Hub().takes("17") == Ended(run="17")


async def test_a_lost_answer_is_looked_for_twice_and_then_it_is_told_again() -> None:
    hub = Hub()
    for answers in ((Unreachable(0, "lost"),), ("",)):
        assert isinstance(await hub.takes(*answers), Outcome)
    assert await hub.takes("", "17") == Ended(run="17")
    assert hub.asked == ["tell", "look", "look", "tell"]


async def test_killed_anywhere_it_is_looked_for_before_it_is_told() -> None:
    hub = Hub()
    hub.is_killed()
    later = await hub.takes()
    assert isinstance(later, Outcome)
    assert later.again_in == AGAIN, "lists lag"
    hub.is_killed()
    await hub.takes("")
    assert await hub.takes("", "17") == Ended(run="17")
    assert hub.asked == ["look", "look", "tell"]


@pytest.mark.parametrize("is_free", [True, False])
async def test_a_try_that_comes_to_nothing_before_its_step_has_told_nothing(*, is_free: bool) -> None:
    hub = Hub()
    for _ in range(2 * MOST_TOLD):
        hub.comes_to_nothing(is_free=is_free)
    assert await hub.takes("17") == Ended(run="17")
    assert hub.asked == ["tell"]


async def test_nor_does_it_forget_that_one_before_may_have() -> None:
    hub = Hub()
    hub.is_killed()
    for _ in range(2 * MOST_TOLD):
        hub.comes_to_nothing(is_free=False)
    await hub.takes("")
    assert await hub.takes("", "17") == Ended(run="17")
    assert hub.asked == ["look", "look", "tell"]


async def test_what_was_not_sent_was_not_told() -> None:
    hub = Hub()
    assert isinstance(await hub.takes(Withdrawn()), Outcome)
    assert await hub.takes("17") == Ended(run="17")
    assert hub.asked == ["tell", "tell"]


class Killed(BaseException):
    """The process is no more."""


Fate = Literal["ok", "lost", "limit", "dies before", "dies after"]


class Worn(Hub):
    """One where everything comes as fated, and then whatever is asked is taken, and no list shows anything. It knows of
    each time that it was told.
    """

    def __init__(self, fates: Sequence[Fate]) -> None:
        super().__init__()
        self.fates = list(fates)
        self.looks: list[int] = []  # in vain, after each time that it was told
        self.steps = self.cuts = 0

    def asks(self, what: str) -> str:
        fate = self.fates.pop(0) if self.fates else "ok"
        if fate == "limit":
            raise LIMITED
        if fate == "dies before":
            raise Killed
        if what == "tell":
            self.looks.append(0)
        elif fate == "ok":
            self.looks[-1:] = [each + 1 for each in self.looks[-1:]]
        if fate == "dies after":
            raise Killed
        if fate == "lost":
            raise AWAY
        return ""

    async def step(self, *, is_killed_at_end: bool) -> Ended | None:
        """The next step, as the engine and the outbox take it."""
        self.steps += 1

        async def asked(what: str) -> str:
            return self.asks(what)

        try:
            made = await keyless.once(self.due, lambda: asked("tell"), lambda: asked("look"))
            if isinstance(made, Ended):
                return made
            if is_killed_at_end:
                raise Killed
        except Killed:
            self.cuts += 1
            self.is_killed()
            return None
        self.due = msgspec.structs.replace(self.due, tries=max(self.due.tries, 1), trail=made.trail)
        return None


FATES: tuple[Fate, ...] = get_args(Fate)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(FATES), max_size=60), st.lists(st.booleans(), max_size=60))
@example(["dies after"] * 60, [])
@example(["lost", *["ok", "ok", "dies after"] * 20], [])
@example(["ok", "ok", "ok", "dies before"] * 15, [])
@example([], [True] * 60)
def test_whatever_is_cut_off_it_is_told_no_more_often_and_there_is_an_end(fates: list[Fate], ends: list[bool]) -> None:
    async def lives() -> None:
        hub, given = Worn(fates), list(ends)
        while await hub.step(is_killed_at_end=bool(given) and given.pop(0)) is None:
            assert hub.steps < 600, "it has no end"
        limits = fates.count("limit")
        assert len(hub.looks) <= MOST_TOLD
        assert all(looks >= LOOKS for looks in hub.looks[:-1])
        assert hub.steps <= MOST_TOLD * (LOOKS + 1) + MOST_LOOKS + MOST_AWAY + 2 * hub.cuts + limits
        trail = hub.due.trail
        assert trail is None or not trail.taken or trail.looks <= MOST_LOOKS

    asyncio.run(lives())


async def test_killed_each_time_it_is_told_it_ends_with_a_person() -> None:
    fates: list[Fate] = ["ok", "ok", "dies after"]
    hub = Worn([*fates[2:], *fates * 9])
    while (made := await hub.step(is_killed_at_end=False)) is None:
        assert hub.steps < 100
    assert "gave no answer 3 times" in made.why
    assert len(hub.looks) == MOST_TOLD


async def test_an_outage_takes_no_look_away_and_github_says_how_long() -> None:
    hub = Hub()
    away = await hub.takes(AWAY)
    assert isinstance(away, Outcome)
    assert away.again_in == delay(hub.due.action.key, 0, retry_after=400.0) > 400
    for answer in (AWAY, "", AWAY):
        await hub.takes(answer)
    assert hub.asked == ["tell", "look", "look", "look"]
    assert hub.due.trail == Trail(told=1, looks=1, away=2, tries=1)


async def test_a_limit_that_let_nothing_pass_leaves_it_untold() -> None:
    hub = Hub()
    limited = await hub.takes(LIMITED)
    assert isinstance(limited, Outcome)
    assert (limited.again_in, hub.asked) == (delay(hub.due.action.key, 0, retry_after=7.0), ["tell"])
    assert await hub.takes("17") == Ended(run="17")
    assert hub.asked == ["tell", "tell"]


async def test_a_person_looks_once_that_is_enough() -> None:
    hub = Hub()
    await hub.takes(AWAY)
    for _ in range(MOST_TOLD - 1):
        await hub.takes("")
        await hub.takes("", AWAY)
    await hub.takes("")
    lost = await hub.takes("")
    assert isinstance(lost, Ended)
    assert "gave no answer 3 times" in lost.why
    assert hub.asked.count("tell") == MOST_TOLD
    hub.due = msgspec.structs.replace(hub.due, trail=Trail(told=1, away=MOST_AWAY - 1, tries=1))
    away = await hub.takes(AWAY)
    assert isinstance(away, Ended)
    assert "could not be asked 40 times (GitHub answered 503\\: away)" in away.why
    assert keyless.away(hub.due, AWAY) == away


async def test_a_run_that_is_known_is_looked_for_no_more() -> None:
    hub = Hub()
    later = keyless.found(hub.due, "17", AWAY)
    assert later is not None
    assert (later.again_in, later.free) == (delay(hub.due.action.key, 1, retry_after=400.0), True)
    hub.due = msgspec.structs.replace(hub.due, tries=1, trail=later.trail)
    assert await hub.takes() == Ended(run="17")
    hub.due = msgspec.structs.replace(hub.due, trail=Trail(away=MOST_AWAY - 1, tries=1))
    assert keyless.found(hub.due, "17", LIMITED) is not None
    assert keyless.found(hub.due, "17", AWAY) is None


async def test_a_refusal_is_the_callers() -> None:
    with pytest.raises(Refused):
        await Hub().takes(Refused(422, "no"))
