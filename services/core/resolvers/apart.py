"""The sides changed different lines, or different words, that only stand side by side: both changes are made.

Proved in two ways that have to agree: put together by line, and put together by word. What one side adds must not
speak of what the other adds or takes away.
"""

import re
from collections import Counter

from services.core.conflict import Conflict, Lines, filled, is_code, is_settings, kind, names, tokens, words
from services.core.difference import Change, changes
from services.core.resolvers import RULES, Rule
from services.core.threeway import Hunk, merge

ALIKE = 0.5
MOST_GONE = 8
_PIECE = re.compile(r"\w+|\s+|[^\w\s]")
_VALUE = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[^\s,:=\"'{}\[\]]+|\s+|.")
"""A value in settings is one piece: half of it from each side is what nobody wrote."""
_LINE = re.compile(r"[^\n]+|\n")
"""So is a line where values need no quotes, but for a list in brackets."""
_FLOW = re.compile(r"\s*(?:- +)*(?:[^\s:\"']+: +)?[\[{]")


def resolve(conflict: Conflict) -> Lines | None:
    """Both changes, where they are apart. In settings, by word is enough: they are read again afterwards."""
    if not conflict.base:
        return None
    if is_settings(conflict.path):
        by_line, by_word = lines_apart(conflict), words_apart(conflict)
        return by_word if by_line in {None, by_word} and not _shares(conflict) and not _only_blanks(conflict) else None
    if not is_code(conflict.path) or related(conflict):
        return None
    by_line, by_word = lines_apart(conflict), words_apart(conflict)
    return by_line if by_line == by_word else None


def related(conflict: Conflict) -> bool:
    """Whether the change of one side speaks of what the other changed."""
    base, ours, theirs = words(conflict.base), words(conflict.ours), words(conflict.theirs)
    if max(len(base - ours), len(base - theirs)) > MOST_GONE or _shares(conflict):
        return True
    return _imports(conflict) or _headings(conflict) or _alike(conflict) or _alike(conflict.turned())


def _shares(conflict: Conflict) -> bool:
    """Whether both add the same word, or one adds a word that the other took out of the file."""
    base = words(conflict.base)
    return bool((words(conflict.ours) - base) & (words(conflict.theirs) - base)) or needs_gone(conflict)


def needs_gone(conflict: Conflict) -> bool:
    """Whether one side adds a name that the other took out of the file or of the hunk."""
    added, other = (names(_changed(side)[1]) for side in (conflict, conflict.turned()))
    if added & conflict.gone_theirs or other & conflict.gone_ours:
        return True
    return _uses_gone(conflict) or _uses_gone(conflict.turned())


def _uses_gone(conflict: Conflict) -> bool:
    """Whether ours uses once more what theirs took out of the hunk."""
    more = Counter(tokens(conflict.ours)) - Counter(tokens(conflict.base))
    return bool((names(conflict.base) - names(conflict.theirs)) & more.keys())


def _only_blanks(conflict: Conflict) -> bool:
    return tokens(conflict.base) in (tokens(conflict.ours), tokens(conflict.theirs))


def _changed(conflict: Conflict) -> tuple[Lines, Lines]:
    """The lines that ours took away, and those it put there."""
    steps = changes(conflict.base, conflict.ours)
    gone = tuple(line for step in steps for line in conflict.base[step.start : step.end])
    return gone, tuple(line for step in steps for line in conflict.ours[step.new_start : step.new_end])


def _imports(conflict: Conflict) -> bool:
    """Imports have an order and a grouping of their own; there is a rule for them."""
    return all(
        any(kind(line) == "import" for lines in _changed(side) for line in lines)
        for side in (conflict, conflict.turned())
    )


def _headings(conflict: Conflict) -> bool:
    """A heading changed: what stands under it now is not what stood there."""
    return any(
        kind(line) == "rule" for side in (conflict, conflict.turned()) for lines in _changed(side) for line in lines
    )


def _alike(conflict: Conflict) -> bool:
    """Whether ours adds a line such as theirs has changed: it may have to be changed the same way."""
    mine, other = changes(conflict.base, conflict.ours), _changed(conflict.turned())[0]
    added = [line for step in mine if step.start == step.end for line in conflict.ours[step.new_start : step.new_end]]
    return any(_share(one, two) >= ALIKE for one in filled(added) for two in filled(other))


def _share(one: str, two: str) -> float:
    mine, other = words([one]), words([two])
    return len(mine & other) / max(1, min(len(mine), len(other)))


def lines_apart(conflict: Conflict) -> Lines | None:
    """Both changes by line; None where they overlap or insert at the same place."""
    base, ours, theirs = conflict.base, conflict.ours, conflict.theirs
    mine, other = changes(base, ours), changes(base, theirs)
    if any(_clash(one, two) for one in mine for two in other):
        return None
    out: list[str] = []
    at = 0
    steps = [(change, ours) for change in mine] + [(change, theirs) for change in other]
    for change, side in sorted(steps, key=lambda step: (step[0].start, step[0].end)):
        out += [*base[at : change.start], *side[change.new_start : change.new_end]]
        at = change.end
    return (*out, *base[at:])


def _clash(one: Change, two: Change) -> bool:
    if one.start == one.end and two.start == two.end:
        return one.start == two.start
    return one.start < two.end and two.start < one.end


def words_apart(conflict: Conflict) -> Lines | None:
    """Both changes by word; None where they overlap or touch."""
    pieces = [_split(side, conflict.path.lower()) for side in (conflict.base, conflict.ours, conflict.theirs)]
    out: list[str] = []
    for part in merge(*pieces):
        if isinstance(part, Hunk):
            return None
        out += part.tokens
    return tuple("".join(out).splitlines(keepends=True))


def _split(side: Lines, path: str) -> list[str]:
    if not is_settings(path) or path.endswith((".json", ".toml")):
        return (_VALUE if is_settings(path) else _PIECE).findall("".join(side))
    lists = path.endswith(("yml", "yaml"))
    return [piece for line in side for piece in (_VALUE if lists and _FLOW.match(line) else _LINE).findall(line)]


RULES.add(
    "apart",
    Rule("The sides changed different lines or words that stand side by side; both changes are made.", 40, resolve),
)
