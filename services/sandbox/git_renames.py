"""Which new file is an old one under another name, by git's rules.

First files with the same content, then those that kept their last name and three quarters of their content, then the
most alike of the rest, from one half on.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping

from services.sandbox.git_values import Side

Read = Callable[[str], bytes]

LIKE = 0.5
LIKE_BY_NAME = 0.75
CHUNK = 64
MOST = 1_000
"""Files on either side above which only equal content is looked for, as git does when there are too many."""


def find(
    gone: Mapping[str, Side], come: Mapping[str, Side], read: Read, relevant: Container[str] | None = None
) -> dict[str, str]:
    """New path -> old path. Old files that are not `relevant` (None = all are) count with equal content only."""
    found: dict[str, str] = {}
    if not gone or not come:
        return found
    _equal(gone, come, found, relevant)
    olds = {p: s for p, s in gone.items() if p not in set(found.values()) and is_regular(s)}
    news = {p: s for p, s in come.items() if p not in found and is_regular(s)}
    if olds and news and max(len(olds), len(news)) <= MOST:
        sketches = {sha: _sketch(read(sha)) for _, sha in [*olds.values(), *news.values()]}
        _by_name(olds, news, sketches, found, relevant)
        olds = {path: side for path, side in olds.items() if relevant is None or path in relevant}
        _by_likeness(olds, news, sketches, found)
    return found


def is_regular(side: Side) -> bool:
    return side[0].startswith("100")


def _equal(
    gone: Mapping[str, Side], come: Mapping[str, Side], found: dict[str, str], relevant: Container[str] | None
) -> None:
    by_sha: dict[str, list[str]] = {}
    for path in sorted(gone, key=lambda path: relevant is not None and path not in relevant):
        by_sha.setdefault(gone[path][1], []).append(path)
    for new, side in come.items():
        fitting = [old for old in by_sha.get(side[1], []) if gone[old][0] == side[0] or _both_regular(gone[old], side)]
        if fitting:
            best = next((old for old in fitting if _name(old) == _name(new)), fitting[0])
            by_sha[side[1]].remove(best)
            found[new] = best


def _both_regular(one: Side, other: Side) -> bool:
    return is_regular(one) and is_regular(other)


def _by_name(
    olds: dict[str, Side],
    news: dict[str, Side],
    sketches: Mapping[str, "Counter[bytes]"],
    found: dict[str, str],
    relevant: Container[str] | None,
) -> None:
    before, after = Counter(map(_name, olds)), Counter(map(_name, news))
    places = {_name(path): path for path in news}
    for old in list(olds):
        name = _name(old)
        if before[name] == after[name] == 1 and (relevant is None or old in relevant):
            new = places[name]
            if _likeness(sketches[olds[old][1]], sketches[news[new][1]]) >= LIKE_BY_NAME:
                found[new] = old
                del olds[old], news[new]


def _by_likeness(
    olds: dict[str, Side], news: dict[str, Side], sketches: Mapping[str, "Counter[bytes]"], found: dict[str, str]
) -> None:
    rows = []
    for new, (_, sha) in news.items():
        for old, (_, other) in olds.items():
            score = _likeness(sketches[other], sketches[sha])
            if score >= LIKE:
                rows.append((-score, _name(old) != _name(new), new, old))
    taken: set[str] = set()
    for _, _, new, old in sorted(rows, key=lambda row: row[:2]):
        if new not in found and old not in taken:
            found[new] = old
            taken.add(old)


def _sketch(text: bytes) -> "Counter[bytes]":
    """Lines, and pieces of long ones -> how many bytes of the text they are."""
    out: Counter[bytes] = Counter()
    for line in text.split(b"\n"):
        row = line + b"\n"
        for at in range(0, len(row), CHUNK):
            piece = row[at : at + CHUNK]
            out[piece] += len(piece)
    if last := text.rpartition(b"\n")[2]:
        tail = (last + b"\n")[-((len(last) + 1) % CHUNK or CHUNK) :]
        out[tail] -= len(tail)
        out[tail[:-1]] += len(tail) - 1
    else:
        out[b"\n"] -= 1
    return +out


def _likeness(old: "Counter[bytes]", new: "Counter[bytes]") -> float:
    """How much of the larger one is in both, 0 to 1."""
    larger = max(old.total(), new.total())
    return (old & new).total() / larger if old.total() and new.total() else 0.0


def _name(path: str) -> str:
    return path.rpartition("/")[2]
