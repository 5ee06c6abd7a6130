"""How effects end: trouble that may pass is tried again later, a refusal is told to a person, and nothing is tried for
ever.
"""

from datetime import datetime, timedelta
from typing import Protocol

from services.core.backoff import CAP, delay
from services.core.board import Action, Board
from services.core.messages import reasons
from services.core.records import GAVE_UP
from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.engine.keyless import untold
from services.errors import AgentError, ApiError, GitError, ModelBusy, NotFound, RateLimited, Refused, Unheard
from services.store.outbox import Due, Settle
from services.tracing import Tracing

GIVE_UP_AFTER = 14
"""Tries of one effect that GitHub, git or an agent answers with an error; then a person is told.

With the pauses between, that is about a quarter of an hour of outage, and a retry starts it anew.
"""
QUIET = frozenset({"tidy", "label", "finish", "mark", "checks", "assign", "withdraw", "dequeue", "recall", "deploy"})
"""Effects that nobody waits for and nobody would start anew."""
QUIET_GIVE_UP_AFTER = 300
"""Tries of one of those: with the cap, half a day."""
REFUSED_GIVE_UP_AFTER = timedelta(days=1)
"""For so long one of those is tried that GitHub refuses: an installation may be let in again, a new key be put in."""
REFUSED_CAP = 3_600.0
"""Seconds between two such tries at most; most refusals stay what they are."""
STANDING = frozenset({"checks"})
"""Those that are tried until what they are about is over: a gate that is missing may be required."""
KEYLESS = frozenset({"attempt", "integrate", "deploy"})
"""Those that may tell GitHub what it has no key for. Whoever tells it says what is known then."""
GONE = 410
ARCHIVED = "archived"


class CarriesOut(Protocol):
    """Whoever carries one effect out."""

    async def carry_out(self, board: Board, due: Due, /) -> Outcome: ...


async def outcome_of(effects: CarriesOut, board: Board, due: Due, traces: Tracing, now: datetime) -> Outcome:
    """Carry an effect out; its errors are outcomes too."""
    run, action = board.run, due.action
    try:
        with traces.span(f"effect.{action.kind}", parent=run.trace, run=run.id, task=action.task, tries=due.tries):
            return await effects.carry_out(board, due)
    except RateLimited as error:
        return Outcome(again_in=_later(due, error.retry_after), free=True, note=str(error)[:200])
    except (Refused, NotFound) as error:
        if _is_last_refusal(due, error, now):
            return _gave_up(action, str(error))
        return Outcome(again_in=_later(due, cap=REFUSED_CAP), note=str(error)[:200])
    except (ApiError, GitError, AgentError) as error:
        most = QUIET_GIVE_UP_AFTER if action.kind in QUIET else GIVE_UP_AFTER
        if due.tries + 1 >= most and action.kind not in STANDING:
            return _gave_up(action, str(error))
        wait = error.retry_after if isinstance(error, ApiError | ModelBusy) else None
        return Outcome(again_in=_later(due, wait), keeps=isinstance(error, Unheard), note=str(error)[:200])


def _later(due: Due, asked: float | None = None, cap: float = CAP) -> float:
    """Seconds until the next try."""
    return delay(due.action.key, due.tries + 1, retry_after=asked, cap=cap)


def _is_last_refusal(due: Due, error: Refused | NotFound, now: datetime) -> bool:
    """What a person is told is told at once. The rest is tried again, unless what it is about is gone, or its
    repository takes no changes any more.
    """
    if due.action.kind in STANDING:
        return False
    if due.action.kind not in QUIET or error.status == GONE or ARCHIVED in error.message:
        return True
    return due.since is not None and now - due.since >= REFUSED_GIVE_UP_AFTER


def settle_of(due: Due, outcome: Outcome, now: datetime) -> Settle:
    """What the outbox is told: done, or when to try again."""
    key = due.action.key
    if outcome.again_in is None:
        return Settle(key=key, forget=outcome.forget, note=outcome.note, log=outcome.log)
    rest = max(outcome.again_in, _later(due))
    again_at = now + timedelta(seconds=rest)
    trail = untold(due, is_free=outcome.free) if outcome.trail is None and due.action.kind in KEYLESS else outcome.trail
    return Settle(key=key, again_at=again_at, free=outcome.free, note=outcome.note, trail=trail)


def _gave_up(action: Action, why: str) -> Outcome:
    """Tell a person. A merge may be decided anew once the pull request is looked at again, and a tracking issue once
    the task is retried.
    """
    if action.kind in QUIET or not action.task:
        return Outcome(note=why[:200])
    if action.kind == "muster":
        return Outcome(forget=True, note=why[:200])
    if action.kind in {"update_branch", "discard", "revert"}:
        fence = action.fence if action.kind == "update_branch" else -1
        stalled = Happening(kind="stalled", text=reasons.gave_up(action.kind, why), fence=fence)
        return Outcome(happened=(stalled,), forget=True, note=why[:200])
    fence = -1 if action.kind == "track" else action.fence  # there is one for the task, whatever attempts it has had
    broke = Happening(kind="broke", text=reasons.gave_up(action.kind, why), fence=fence, name=GAVE_UP)
    return Outcome(happened=(broke,), forget=action.kind in {"merge", "track"}, note=why[:200])
