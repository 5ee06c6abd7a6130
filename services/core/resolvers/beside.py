"""One side rewrote a line in its place, the other changed lines next to it: both changes are made.

By line alone, and only in code and settings. That it was one line for one line is what speaks for it: such a change is
whole, whatever became of its neighbours. Where a side only took lines out, what it meant by that is not known.
"""

from services.core.conflict import Conflict, Lines, is_code, is_settings, kind
from services.core.difference import Change, changes
from services.core.resolvers import RULES, Rule
from services.core.resolvers.apart import lines_apart, needs_gone


def resolve(conflict: Conflict) -> Lines | None:
    """Both changes, where they are apart."""
    if not (conflict.base and (is_code(conflict.path) or is_settings(conflict.path))):
        return None
    mine, other = changes(conflict.base, conflict.ours), changes(conflict.base, conflict.theirs)
    steps = [*mine, *other]
    if not any(map(_is_rewritten, steps)) or any(step.new_start == step.new_end for step in steps):
        return None
    if _imports(conflict.base, conflict.ours, mine) and _imports(conflict.base, conflict.theirs, other):
        return None
    return None if needs_gone(conflict) else lines_apart(conflict)


def _is_rewritten(step: Change) -> bool:
    return step.end - step.start == step.new_end - step.new_start == 1


def _imports(base: Lines, side: Lines, steps: list[Change]) -> bool:
    """Whether imports are among what a side changed: for those there is a rule."""
    changed = (line for step in steps for line in (*base[step.start : step.end], *side[step.new_start : step.new_end]))
    return any(kind(line) == "import" for line in changed)


RULES.add(
    "beside",
    Rule(
        "One side rewrote a line, the other changed lines next to it; both changes are made.", 45, resolve, words=False
    ),
)
