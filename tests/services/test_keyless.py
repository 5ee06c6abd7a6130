"""services/engine/keyless.py: what came of each step is written down, and nothing is told that may have been."""

import msgspec
import pytest

from services.core.board import Action
from services.core.keyless import MOST_AWAY, MOST_TOLD, Trail
from services.engine import keyless
from services.engine.keyless import Ended
from services.engine.outcome import Outcome
from services.errors import ApiError, RateLimited, Refused, Unreachable
from services.store.runs import Due

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
    await hub.takes("")
    hub.is_killed()
    await hub.takes("")
    assert await hub.takes("", "17") == Ended(run="17")
    assert hub.asked == ["look", "look", "look", "tell"]


async def test_an_outage_takes_no_look_away_and_github_says_how_long() -> None:
    hub = Hub()
    away = await hub.takes(AWAY)
    assert isinstance(away, Outcome)
    assert away.again_in == 400
    for answer in (AWAY, "", AWAY):
        await hub.takes(answer)
    assert hub.asked == ["tell", "look", "look", "look"]
    assert hub.due.trail == Trail(told=1, looks=1, away=2, tries=1)


async def test_a_limit_that_let_nothing_pass_leaves_it_untold() -> None:
    hub = Hub()
    limited = await hub.takes(LIMITED)
    assert isinstance(limited, Outcome)
    assert (limited.again_in, hub.asked) == (7, ["tell"])
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
    assert (later.again_in, later.free) == (400, True)
    hub.due = msgspec.structs.replace(hub.due, tries=1, trail=later.trail)
    assert await hub.takes() == Ended(run="17")
    hub.due = msgspec.structs.replace(hub.due, trail=Trail(away=MOST_AWAY - 1, tries=1))
    assert keyless.found(hub.due, "17", LIMITED) is not None
    assert keyless.found(hub.due, "17", AWAY) is None


async def test_a_refusal_is_the_callers() -> None:
    with pytest.raises(Refused):
        await Hub().takes(Refused(422, "no"))
