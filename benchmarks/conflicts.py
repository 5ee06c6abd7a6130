"""How many real merge conflicts are resolved without a model, and how many of those as the people did it.

The data is the folder `conflicts` of the corpora, which `LOCKSTEP_CORPORA` names, with `index.csv.gz`, `text.jsonl.gz`
and `lines.jsonl.gz`. Rows of the last have no text: only rules that compare whole lines are asked there. With
`LOCKSTEP_CONFLICT_TEXTS`, a file such as the data's `rebuild.py` writes, all rows are measured as full text.

resolved_share: files without a conflict left.  correct_share: of those, equal to the people's file but for blanks at
line ends and empty lines.  wrong_share: the others, of all files.  exact_share: of the resolved, byte for byte.
`*_text`: rows that come with their text. The rules were made with all four repositories before the eyes. `*_left_out`
is what is left of that when each repository is resolved only by rules that proved themselves on the three others: right
in at least four of five files, of at least three. Peers: always ours, theirs or both, and git, which resolves none.
"""

import csv
import gzip
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import MissingData, Number, Report, Say, machine
from services.core.proof import holds
from services.core.resolve import allowed, pieces, resolve
from services.core.resolvers import ranked
from services.core.threeway import Hunk, merge

LEAST_FILES, LEAST_SHARE = 3, 0.8
"""Of a rule on other repositories, for it to be asked on one that is left out."""
NEEDED = ("index.csv.gz", "text.jsonl.gz", "lines.jsonl.gz")
SHAPES = {
    "import": "import {}",
    "def": "def {}():",
    "class": "class {}:",
    "decorator": "@{}",
    "comment": "# {}",
    "listitem": "- {}",
}
Row = dict[str, Any]


class Tally(msgspec.Struct):
    """Files of one kind."""

    files: int = 0
    resolved: int = 0
    correct: int = 0
    exact: int = 0

    def shares(self) -> dict[str, Number]:
        resolved, files = max(1, self.resolved), max(1, self.files)
        return {
            "resolved_share": round(self.resolved / files, 4),
            "correct_share": round(self.correct / resolved, 4),
            "wrong_share": round((self.resolved - self.correct) / files, 4),
            "exact_share": round(self.exact / resolved, 4),
        }


def measure(say: Say) -> Report:
    """Every file with every way to resolve it."""
    tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    full = 0
    rows = list(_rows())
    for row in rows:
        full += "kinds" not in row
        for name, way in WAYS.items():
            merged = way(row)
            for kind in ("", *_kinds(row)):
                _count(tallies[name][kind], merged, row["resolved"])
    ours = tallies.pop("ours")
    for kind, tally in sorted(ours.items()):
        if kind:
            shares = tally.shares()
            said = f"{shares['resolved_share']:.1%} resolved, {shares['correct_share']:.1%} of them right"
            say(f"{kind}: {tally.files} files, {said}, {shares['wrong_share']:.1%} wrong")
    figures: dict[str, Number] = dict(ours[""].shares())
    figures |= {f"{name}_text": value for name, value in ours["text"].shares().items()}
    figures |= {f"{name}_left_out": value for name, value in _left_out(rows, say).shares().items()}
    peers = {name: found[""].shares() for name, found in tallies.items()}
    return Report(
        name="conflicts",
        figures=figures,
        peers=peers,
        conditions={**machine(), "files": ours[""].files, "as_full_text": full},
    )


def _left_out(rows: Sequence[Row], say: Say) -> Tally:
    """Each repository by the rules that proved themselves on the others."""
    by_repo: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for row in rows:
        merged, used = _with(row, _rules(row))
        for rule in used if merged is not None else ():
            _count(by_repo[row["repo"]][rule], merged, row["resolved"])
    found = Tally()
    for repo in sorted({row["repo"] for row in rows}):
        trusted = set()
        for rule, _ in ranked():
            others = [counts[rule] for other, counts in by_repo.items() if other != repo]
            files, correct = sum(each.files for each in others), sum(each.correct for each in others)
            if files >= LEAST_FILES and correct >= LEAST_SHARE * files:
                trusted.add(rule)
        say(f"{repo} left out: by {', '.join(sorted(trusted))}")
        for row in rows:
            if row["repo"] == repo:
                _count(found, _with(row, trusted & _rules(row))[0], row["resolved"])
    return found


def _count(tally: Tally, merged: str | None, resolved: str) -> None:
    tally.files += 1
    if merged is not None:
        tally.resolved += 1
        tally.correct += _bare(merged) == _bare(resolved)
        tally.exact += merged == resolved


def _bare(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _kinds(row: Row) -> list[str]:
    return [row["repo"], f"tag {row['tag']}", *(["text"] if row["form"] == "text" else [])]


def _rows() -> Iterator[Row]:
    folder = Path(os.environ.get("LOCKSTEP_CORPORA", "../shared/corpora")) / "conflicts"
    if not all((folder / name).is_file() for name in NEEDED):
        raise MissingData(f"{folder} has no conflicts; set LOCKSTEP_CORPORA to the folder of corpora.")
    with gzip.open(folder / NEEDED[0], "rt", encoding="utf-8", newline="") as file:
        index = {row["id"]: row for row in csv.DictReader(file)}
    rows = {row["id"]: row for name in NEEDED[1:] for row in _read(folder / name)}
    texts = os.environ.get("LOCKSTEP_CONFLICT_TEXTS")
    if texts:
        rows |= {row["id"]: row for row in _read(Path(texts)) if row["id"] in index}
    for name, told in index.items():
        yield _shaped(rows[name]) | {"tag": told["tag"], "form": told["form"]}


def _read(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _shaped(row: Row) -> Row:
    """A row without text gets lines of the right kind and depth, each with a word of its own.

    Its sides were split at each end of a line, so that what stands after the last one is a line that is none.
    """
    if "kinds" not in row:
        return row
    lines = []
    for number, kind in enumerate(row["kinds"]):
        name, _, depth = kind.partition(":")
        shape = "" if name == "blank" else " " * int(depth) + SHAPES.get(name, "{}").format(f"l{number}")
        lines.append(f"{shape}\n")
    texts = {}
    for side in ("base", "ours", "theirs", "resolved"):
        numbers = row[side]
        ends = bool(numbers) and row["kinds"][numbers[-1]].startswith("blank")
        texts[side] = "".join(lines[number] for number in (numbers[:-1] if ends else numbers))
    return {**row, **texts}


def _by_rules(row: Row) -> str | None:
    if "kinds" not in row:
        outcome = resolve(row["base"], row["ours"], row["theirs"], row["path"])
        return None if outcome.left else outcome.text
    return _with(row, _rules(row))[0]


def _rules(row: Row) -> set[str]:
    """Those that can be asked: where lines have no text, none that reads inside them."""
    names = {name for name, rule in ranked() if "kinds" not in row or not rule.words}
    return names & allowed(_sides(row)[0] or _sides(row)[1], row["path"])


def _with(row: Row, rules: AbstractSet[str]) -> tuple[str | None, set[str]]:
    """The file as these rules merge it, None where something is left, and those that answered."""
    found = pieces(*_sides(row), row["path"], rules=sorted(rules))
    used = {piece.rule for piece in found if piece.rule}
    if any(piece.hunk for piece in found):
        return None, used
    merged = "".join(line for piece in found for line in piece.lines)
    base, ours, theirs = ("".join(side) for side in _sides(row))
    return (merged if "kinds" in row or holds(base, ours, theirs, merged, row["path"]) else None), used


def _always(choose: Callable[[Hunk[str]], tuple[str, ...]]) -> Callable[[Row], str | None]:
    def way(row: Row) -> str | None:
        parts = merge(*_sides(row))
        return "".join("".join(choose(part) if isinstance(part, Hunk) else part.tokens) for part in parts)

    return way


def _sides(row: Row) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    base, ours, theirs = (tuple(row[side].splitlines(keepends=True)) for side in ("base", "ours", "theirs"))
    return base, ours, theirs


WAYS: Mapping[str, Callable[[Row], str | None]] = {
    "ours": _by_rules,
    "always ours": _always(lambda hunk: hunk.ours),
    "always theirs": _always(lambda hunk: hunk.theirs),
    "always both": _always(lambda hunk: hunk.ours + hunk.theirs),
    "git": lambda row: None,
}
