"""Telling GitHub once what it has no key for, by the steps of `core/keyless.py`; the one place that takes them."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from services.core.backoff import delay
from services.core.integration import mark
from services.core.keyless import MOST_AWAY, Came, Trail, after, begun, may_have_told, pause, step
from services.core.messages import keyless as words
from services.core.messages import notes
from services.engine.outcome import Outcome
from services.engine.parents import CLOCKS_APART
from services.errors import ApiError, RateLimited, Unreachable, Withdrawn
from services.store.outbox import Due

Does = Callable[[], Awaitable[str]]


class Ended(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is over: the run that it is, or why a person has to look."""

    run: str = ""
    why: str = ""


async def once(due: Due, tell: Does, look: Does) -> Outcome | Ended:
    """The next step. tell: the id of the run that this starts, "" where GitHub does not say it.  look: the run that is
    named after the effect's mark, "" for none. What GitHub refuses is the caller's.
    """
    trail = begun(due.trail, due.tries)
    if trail.run:
        return Ended(run=trail.run)
    if may_have_told(due.trail, due.tries):  # just now: no list shows it yet
        return _later(due, trail, pause(trail, "lost", due.action.key), note=notes.RUN_LOOKED_FOR)
    came: Came = "away"
    while (now := step(trail)) in {"tell", "look"}:
        try:
            run = await (tell() if now == "tell" else look())
        except (RateLimited, Withdrawn) as unsent:
            return _later(due, trail, _rest(due, trail, unsent), note=str(unsent))
        except Unreachable as lost:
            return _failed(due, trail, "lost" if now == "tell" else "away", lost)
        if run:
            return Ended(run=run)
        came = "taken" if now == "tell" else "unseen"
        trail = after(trail, came)
        if step(trail) == "look":
            return _later(due, trail, pause(trail, came, due.action.key), note=notes.RUN_LOOKED_FOR)
    return Ended(why=words.gave_up(now, mark(due.action.key), ""))


def since(due: Due) -> datetime | None:
    """It was not told before then by GitHub's clock, None where that is not known: it has not been told then."""
    return due.since - CLOCKS_APART if due.since is not None else None


def untold(due: Due, *, is_free: bool) -> Trail:
    """What is known after a try that came to nothing before its step: in it nothing was told. is_free: it does not
    count.
    """
    tries = max(due.tries, 1) if is_free else due.tries + 1
    return msgspec.structs.replace(begun(due.trail, due.tries), tries=tries)


def away(due: Due, lost: Unreachable) -> Outcome | Ended:
    """GitHub could not be asked what is needed to know first: nobody has looked, and nothing was told."""
    return _failed(due, begun(due.trail, due.tries), "away", lost)


def found(due: Due, run: str, lost: Unreachable | RateLimited | Withdrawn) -> Outcome | None:
    """Its run is known, and could not be shown; None: nobody tries that any longer."""
    trail = msgspec.structs.replace(begun(due.trail, due.tries), run=run)
    if isinstance(lost, Unreachable):
        trail = after(trail, "away")
    rest = _rest(due, trail, lost)
    return _later(due, trail, rest, note=str(lost)) if trail.away < MOST_AWAY else None


def _failed(due: Due, trail: Trail, came: Came, lost: Unreachable) -> Outcome | Ended:
    trail = after(trail, came)
    if (now := step(trail)) not in {"tell", "look"}:
        return Ended(why=words.gave_up(now, mark(due.action.key), str(lost)))
    rest = max(pause(trail, came, due.action.key), _rest(due, trail, lost))
    return _later(due, trail, rest, note=str(lost))


def _rest(due: Due, trail: Trail, met: ApiError) -> float:
    return delay(due.action.key, trail.away, retry_after=met.retry_after)


def _later(due: Due, trail: Trail, rest: float, *, note: str) -> Outcome:
    """None of these counts as a try of the effect: they have bounds of their own."""
    trail = msgspec.structs.replace(trail, tries=max(due.tries, 1))
    return Outcome(again_in=rest, free=True, note=note[:200], trail=trail)
