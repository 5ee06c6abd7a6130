"""What GitHub has no key for: the start of a workflow, an event. It is told once, and what may have been told is looked
for, twice and apart, before it is told again.

An answer may be lost, GitHub may be away, its lists lag behind, and the process may be killed between any two steps. So
what is known is written down with the effect after each step, and a step that was cut off may have told. Nothing goes
on without end: a person looks then, and nothing more is told.
"""

from typing import Literal

import msgspec

from services.core.backoff import CAP, delay

AGAIN = 5.0
"""Seconds until a run is looked for: GitHub's lists lag behind."""
LOOKS = 2
"""Looks that find nothing before it is told again."""
MOST_TOLD = 3
"""So often it is told where no answer says that it was taken. With the pauses between, a quarter of an hour."""
MOST_LOOKS = 8
"""Looks for what GitHub has taken: ten minutes. That is never told again."""
MOST_AWAY = 40
"""Tries at which GitHub could not be asked at all. With the pauses between, an hour and a half of outage."""
SLOWER = 12
"""How much longer looks are apart once it was told again."""

Step = Literal["tell", "look", "lost", "unseen", "away"]
"""What is next; the last three end it, and a person looks."""
Came = Literal["taken", "lost", "unseen", "away"]
"""What came of a step: GitHub has it; what was told has no usable answer; no run is seen; it could not be asked."""


class Trail(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """told: how often it may have been.  taken: GitHub said that it has it.  looks: in vain, since it was told last.
    away: how often GitHub could not be asked.  run: it, once that is known.  tries: those of its effect when the next
    step begins; more of them, and one was cut off.
    """

    told: int = 0
    taken: bool = False
    looks: int = 0
    away: int = 0
    run: str = ""
    tries: int = 0


def begun(known: Trail | None, tries: int) -> Trail:
    """What is known when a step begins. One that may have told before it was cut off is counted as if it had."""
    trail = known or Trail()
    if may_have_told(known, tries):
        trail = msgspec.structs.replace(trail, told=trail.told + 1, looks=0)
    return msgspec.structs.replace(trail, tries=max(trail.tries, tries))


def may_have_told(known: Trail | None, tries: int) -> bool:
    """Was a step cut off that tells? The last look in vain goes on to tell. Whatever was cut off after that one only
    looked: nothing is told before two more looks.
    """
    trail = known or Trail()
    return tries > trail.tries and "tell" in {step(trail), step(after(trail, "unseen"))}


def step(trail: Trail) -> Step:
    """What is to be done now."""
    if trail.away >= MOST_AWAY:
        return "away"
    if trail.taken:
        return "look" if trail.looks < MOST_LOOKS else "unseen"
    if trail.told and trail.looks < LOOKS:
        return "look"
    return "tell" if trail.told < MOST_TOLD else "lost"


def after(trail: Trail, came: Came) -> Trail:
    """The trail with what came of a step."""
    match came:
        case "away":
            return msgspec.structs.replace(trail, away=trail.away + 1)
        case "unseen":
            return msgspec.structs.replace(trail, looks=trail.looks + 1)
        case _:
            return msgspec.structs.replace(trail, told=trail.told + 1, taken=came == "taken", looks=0)


def pause(trail: Trail, came: Came, key: str) -> float:
    """Seconds until the next step."""
    if came == "away":
        return delay(key, trail.away)
    slower: float = SLOWER ** max(trail.told - 1, 0)
    return min(AGAIN * slower * 2.0 ** max(trail.looks - 1, 0), CAP)
