"""Does a lesson help? Judged by what attempts that were told of it came to, beside those that were not.

A part of the tasks is not told of it, a larger one while it is young, so there is always something to compare with. A
lesson goes when it is far likelier to do harm than to do nothing (the odds are asked after every attempt, and hold at
any time), and when after some attempts it is unlikely to help: one that does nothing only takes room in a prompt.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Literal

import msgspec

HELD, HELD_YOUNG = 0.2, 0.35
"""The share of tasks that are not told of a lesson, and of one that has been told to few."""
YOUNG = 30
"""Attempts told of it until which it is young."""
ODDS = 20.0
"""How much likelier harm must be than nothing."""
SHARES = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
"""What harm is thought to leave of the share that would be good, each as likely as the others."""
ENOUGH = 20
"""Attempts told of it from which on it has to help."""
UNLIKELY = 0.1
STEPS = 40

Verdict = Literal["keep", "harms", "helps nobody"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that were good and that were not: those told of a lesson, and those of the same repository that were
    not.
    """

    good: int = 0
    bad: int = 0
    good_without: int = 0
    bad_without: int = 0

    @property
    def told(self) -> int:
        return self.good + self.bad


def held(told: int) -> float:
    """The share of tasks that are not told of a lesson that so many attempts were told of."""
    return HELD_YOUNG if told < YOUNG else HELD


def is_held(lesson: str, task: str, told: int) -> bool:
    """Is this task not told of this lesson, which so many attempts were? One that is held back once the lesson has
    grown up always was.
    """
    digest = hashlib.sha256(f"{lesson} {task}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < held(told) * 2**32


def verdict(told: Told) -> Verdict:
    """What is to become of it."""
    if told.told and odds(told) >= ODDS:
        return "harms"
    if told.told >= ENOUGH and helps(told) < UNLIKELY:
        return "helps nobody"
    return "keep"


def odds(told: Told) -> float:
    """How much likelier what came is if the lesson does harm than if it does nothing, whatever the share of good
    attempts is otherwise, as far as that is known.
    """
    places = [(step + 0.5) / STEPS for step in range(STEPS)]
    weights = [told.good_without * math.log(p) + told.bad_without * math.log(1 - p) for p in places]
    most = max(weights)
    nothing = harm = 0.0
    for place, weight in zip(places, weights, strict=True):
        chance = math.exp(weight - most)
        nothing += chance * _likely(place, told)
        harm += chance * math.fsum(_likely(place * share, told) for share in SHARES) / len(SHARES)
    return harm / nothing if nothing > 0 else 1.0


def _likely(share: float, told: Told) -> float:
    return math.exp(told.good * math.log(share) + told.bad * math.log(1 - share))


def helps(told: Told) -> float:
    """How likely more attempts are good with it than without."""
    (one, spread), (other, more) = _beta(told.good, told.bad), _beta(told.good_without, told.bad_without)
    return 0.5 * (1 + math.erf((one - other) / math.sqrt(2 * (spread + more))))


def _beta(good: int, bad: int) -> tuple[float, float]:
    """Mean and variance of the share."""
    a, b = good + 1, bad + 1
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


def near(one: Sequence[str], other: Sequence[str], share: float = 0.6) -> bool:
    """Do two texts say the same, by their words?"""
    words, others = set(one), set(other)
    return bool(words) and bool(others) and len(words & others) >= share * len(words | others)
