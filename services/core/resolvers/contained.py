"""One side made all changes of the other and more: it is taken as it is.

That is so after a fix was picked from one branch to the other. It counts by word: each change of the smaller side has
to stand within a change of the larger one. Imports are left out: what a file imports depends on the rest of it. So are
settings, whose keys have a rule of their own, and what a side took out altogether, since then what the other made of it
was for nothing.
"""

from services.core.conflict import Conflict, Lines, filled, is_code, is_part, is_settings, kind, tokens
from services.core.difference import Change, changes
from services.core.resolvers import RULES, Rule

LEAST_SHARE = 0.1
"""Of a much larger change, a small one is part by chance."""


def resolve(conflict: Conflict) -> Lines | None:
    """The larger side."""
    lines = (*conflict.base, *conflict.ours, *conflict.theirs)
    if not is_code(conflict.path) or is_settings(conflict.path) or any(kind(line) == "import" for line in lines):
        return None
    if not (filled(conflict.ours) and filled(conflict.theirs)):
        return None
    ours, theirs = _within(conflict), _within(conflict.turned())
    if ours == theirs:
        return None
    return conflict.ours if ours else conflict.theirs


def _within(conflict: Conflict) -> bool:
    """Whether all that theirs changed is changed by ours too."""
    if not filled(conflict.base):
        return bool(filled(conflict.theirs)) and is_part(filled(conflict.theirs), filled(conflict.ours))
    base, ours, theirs = tokens(conflict.base), tokens(conflict.ours), tokens(conflict.theirs)
    mine, other = changes(base, ours), changes(base, theirs)
    if _size(other) < LEAST_SHARE * _size(mine):
        return False
    return bool(other) and all(
        any(
            large.start <= small.start
            and small.end <= large.end
            and is_part(theirs[small.new_start : small.new_end], ours[large.new_start : large.new_end])
            for large in mine
        )
        for small in other
    )


def _size(steps: list[Change]) -> int:
    return sum(step.end - step.start + step.new_end - step.new_start for step in steps)


RULES.add("contained", Rule("One side made all changes of the other, and more; it is taken.", 30, resolve, words=False))
