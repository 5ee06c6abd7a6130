"""Both sides changed a block of imports: what each added is kept, what each took away is gone.

Only for blocks of whole one-line statements. Where both only added, both have to keep them sorted, so that the place of
each follows; otherwise they have to have changed different lines of it.
"""

import re
from collections.abc import Callable

from services.core.conflict import Conflict, Lines, filled, is_code, kind, words
from services.core.difference import changes
from services.core.resolvers import RULES, Rule
from services.core.resolvers.apart import lines_apart

_NAMES = re.compile(r"\(|\\\s*$|^\s*(?:#include|export)")
_EFFECT = re.compile(r"\s*import\s*[\"']")
"""Imports that bring in no name are there for what they do, and their order may count."""
_COMMENT = re.compile(r"(?:\s#|//|/\*).*")
_IN_NAME = re.compile(r"/v\d+$|\.v\d+$|[-.]go$|(?<=/)go-|^go-")
"""What the path of a package in Go has besides its name."""
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_IN_GO = re.compile(r"\s+(?:[\w.]+\s+)?\"[^\"\s]+\"\s*$")
_WORDS = frozenset({"import", "from", "as", "type", "static", "use", "using", "require", "default", "pub", "function"})
"""Words of the statements themselves."""
_KEYS: tuple[Callable[[str], object], ...] = (
    str.strip,
    lambda line: line.strip().rstrip(";").lower(),
    lambda line: (line.split()[1:2], line),
    lambda line: (line.lstrip().startswith("from"), line.strip().lower()),
)


def resolve(conflict: Conflict) -> Lines | None:
    """The block both sides want."""
    if not is_code(conflict.path):
        return None
    sides = conflict.base, conflict.ours, conflict.theirs
    plain = _in_go if _is_in_go(conflict) else _plain
    if not all(map(plain, (line for side in sides for line in filled(side)))):
        return None
    if any(filled(side) != side for side in sides):
        return _apart(conflict)
    base, ours, theirs = (set(side) for side in sides)
    added = (ours - base, theirs - base)
    if base - ours or base - theirs:
        return _apart(conflict)
    mine, other = (list(added[at] - added[1 - at]) for at in (0, 1))
    if any(map(_EFFECT.match, (*mine, *other))) or _both_bring(mine, other, conflict.path):
        return None
    if words(added[0]) & conflict.gone_theirs or words(added[1]) & conflict.gone_ours:
        return None
    around = [tuple(line for line in lines if plain(line)) for lines in (conflict.before[-3:], conflict.after[:3])]
    for key in _KEYS:
        runs = [[key(line) for line in (*around[0], *side, *around[1])] for side in sides[1:]]
        if all(run == sorted(run) for run in runs) and min(map(len, runs)) > 2:  # type: ignore[type-var]
            return tuple(sorted(ours | theirs, key=key))  # type: ignore[arg-type]
    return None


def _apart(conflict: Conflict) -> Lines | None:
    """Both changes, where no line is of both.

    None where both brought the same name in, each in its own way, or both rewrote a statement: names may have moved.
    """
    was = words(conflict.base)
    sides = (changes(conflict.base, side) for side in (conflict.ours, conflict.theirs))
    if all(any(step.start < step.end and step.new_start < step.new_end for step in side) for side in sides):
        return None
    if not was or (words(conflict.ours) - was) & (words(conflict.theirs) - was):
        return None
    return lines_apart(conflict)


def _plain(line: str) -> bool:
    return kind(line) == "import" and not _NAMES.search(line)


def _is_in_go(conflict: Conflict) -> bool:
    """Whether the lines stand in the one block of imports of a file in Go."""
    begun = [line for line in conflict.before if re.match(r"import \(|\)", line)]
    return conflict.path.endswith(".go") and bool(begun) and begun[-1].startswith("import")


def _in_go(line: str) -> bool:
    return bool(_IN_GO.match(line))


def _both_bring(mine: list[str], other: list[str], path: str) -> bool:
    """Whether something of one place, or by one name, is among both."""
    modules = ({each for line in lines for each in _module(line)} for lines in (mine, other))
    bound = ({each for line in lines for each in _bound(line, path)} for lines in (mine, other))
    return any(bool(set.intersection(*found)) for found in (modules, bound))


def _module(line: str) -> set[str]:
    """Where it is from."""
    return {*_QUOTED.findall(line)} or {*line.split()[1:2]}


def _bound(line: str, path: str) -> set[str]:
    """The names it brings in, or more; of a path its end."""
    quoted = _QUOTED.sub("", line)
    bare = _COMMENT.sub("", quoted)
    is_from = bare.lstrip().startswith("from")
    if quoted != line or "{" in bare:
        found = {name for name in re.findall(r"\w+", bare) if name not in _WORDS}
    else:
        parts = re.split("[,;]", bare.partition(" import ")[2] if is_from else bare)
        found = {name for part in parts for name in _of_part(part, first=path.endswith(".py") and not is_from)}
    if not found:
        found = {_in_path(each.strip("\"'")) for each in _QUOTED.findall(line)}
    return {name.lower() for name in found} if path.endswith(".php") else found


def _of_part(part: str, *, first: bool) -> set[str]:
    """`a.b as c` is `c`; of `a.b`, a module in Python is `a`, and elsewhere `b` is meant."""
    found = [name for name in re.findall(r"\w+|\*", part) if name not in _WORDS]
    if not found:
        return set()
    if "=" in part:
        return {found[0], found[-1]}
    return {found[0] if first and " as " not in part else found[-1]}


def _in_path(path: str) -> str:
    return _IN_NAME.sub("", re.sub(r"/v\d+$", "", path)).rpartition("/")[2]


RULES.add(
    "imports",
    Rule(
        "Both sides changed different lines of a block of imports, or added to a sorted one.", 35, resolve, words=False
    ),
)
