"""Rules that resolve a conflict where the result follows from the three texts: one file each, which registers itself.

A rule is pure: it answers with the lines, or with None where it does not apply. It never chooses: where two results
would do, there is none. Only where both sides added things whose order says nothing, ours stand first. Rules are asked
in the order of their rank; the first answer counts.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from services.core.conflict import Conflict, Lines
from services.registry import Registry


@dataclass(frozen=True, slots=True)
class Rule:
    """summary: for people, in the reference.  rank: low ones are asked first.  words: it reads inside lines, so it is
    not asked about lines of which only the kind is known.
    """

    summary: str
    rank: int
    run: Callable[[Conflict], Lines | None]
    words: bool = True


RULES: Registry[Rule] = Registry("rule")


def load() -> None:
    """Import every rule of this folder."""
    RULES.load(sys.modules[__name__])


def ranked() -> list[tuple[str, Rule]]:
    """Name and rule, in the order they are asked."""
    load()
    return sorted(RULES, key=lambda pair: pair[1].rank)
