"""Lessons: what people had to ask of a task's pull request before it was merged, for later tasks of that repository.

One is proposed when the pull request has merged, and counts for nothing until a maintainer approves it. It never leaves
its repository.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from services.core.plan_paths import overlap, tidy
from services.core.similar import query
from services.core.stems import words
from services.core.text import code, plain
from services.core.worth import Told, near
from services.errors import UserError

State = Literal["proposed", "active", "vetoed", "retired"]
Verb = Literal["approve", "veto", "retire", "delete"]
VERBS: tuple[Verb, ...] = get_args(Verb)
LONGEST = 600
"""Characters of one."""
AT_ONCE = 10
"""Lessons that one attempt is told: those nearest to its words, of these the newest."""
OURSELVES = "Lockstep"
"""Who has decided where no person did."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """One of a repository. source: the pull request it comes from; by: who decided last; uses: attempts told of it.

    paths: of the task it was learned at, none for everywhere.  evidence: pull requests that have asked for the same.
    """

    id: str
    repo: str
    text: str
    source: str
    state: State = "proposed"
    by: str = ""
    uses: int = 0
    paths: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


_AFTER: dict[Verb, tuple[frozenset[State], State | None]] = {
    "approve": (frozenset({"proposed", "vetoed", "retired"}), "active"),
    "veto": (frozenset({"proposed", "active"}), "vetoed"),
    "retire": (frozenset({"active"}), "retired"),
    "delete": (frozenset(get_args(State)), None),
}


def proposed(repo: str, pull: int, asked: str, paths: Sequence[str] = ()) -> Lesson | None:
    """What was asked for is the lesson; the same one once. None when nothing was."""
    text = " ".join(asked.split())[:LONGEST]
    key = f"{repo.lower()} {text}".encode()
    source = f"{repo}#{pull}"
    made = Lesson(
        id=hashlib.sha256(key).hexdigest()[:8],
        repo=repo,
        text=text,
        source=source,
        paths=tuple(paths),
        evidence=(source,),
    )
    return made if text else None


def confirmed(known: Lesson, again: Lesson, needed: int) -> Lesson:
    """The lesson after another pull request has asked for the same. needed: so many make it active; 0: none do."""
    if again.source in known.evidence or again.source == known.source:
        return known
    evidence = (*(known.evidence or (known.source,)), again.source)[-50:]
    now = msgspec.structs.replace(known, evidence=evidence)
    if needed and known.state == "proposed" and len(evidence) >= needed:
        return msgspec.structs.replace(now, state="active", by=OURSELVES)
    return now


def same(one: Lesson, other: Lesson) -> bool:
    """Do both say the same?"""
    return one.id == other.id or near(tuple(words(one.text)), tuple(words(other.text)))


def fitting(lessons: Sequence[Lesson], title: str, body: str, paths: Sequence[str]) -> list[Lesson]:
    """Those an attempt may be told of, the nearest first; one of other paths is none of them."""
    asked = set(query(title, body, paths))
    mine = [each for each in lessons if not each.paths or not paths or _meet(each.paths, paths)]
    return sorted(mine, key=lambda each: -len(asked & set(words(each.text))))[:AT_ONCE]


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return any(overlap(tidy(path), tidy(each)) for path in one for each in other)


def decided(lesson: Lesson, verb: Verb, by: str) -> Lesson | None:
    """The lesson after somebody's word, None when it is deleted; UserError when that changes nothing."""
    before, after = _AFTER[verb]
    if lesson.state not in before:
        raise UserError(f"The lesson {code(lesson.id)} is {lesson.state}; that changes nothing.")
    return None if after is None else msgspec.structs.replace(lesson, state=after, by=by)


def told(lessons: Sequence[Lesson]) -> str:
    """What an attempt is told, a line each."""
    return "\n".join(f"- {lesson.text}" for lesson in lessons[:AT_ONCE])


def listed(lessons: Sequence[Lesson], known: Mapping[str, Told] | None = None) -> str:
    """For people, as Markdown. known: what came of the attempts that were told of each."""
    if not lessons:
        return "Nothing has been learned here yet: a lesson is what a review asks of me before a pull request merges."
    lines = ["| Lesson | From | State | Attempts told | |", "| --- | --- | --- | --- | --- |"]
    for each in lessons:
        by = f" by {code(each.by)}" if each.by else ""
        more = f" and {len(each.evidence) - 1} more" if len(each.evidence) > 1 else ""
        came = _came((known or {}).get(each.id, Told()))
        said = f"{plain(each.text, 200)} | {each.source}{more} | {each.state}{by} | {each.uses}{came}"
        lines.append(f"| {said} | `/lockstep lesson {_next(each)} {each.id}` |")
    return "\n".join(lines)


def _came(told: Told) -> str:
    """How the attempts ended, with it and without."""
    without = told.good_without + told.bad_without
    if not told.told:
        return ""
    rest = f", {told.good_without} of {without} without" if without else ""
    return f", {told.good} of {told.told} good{rest}"


def _next(lesson: Lesson) -> Verb:
    return "retire" if lesson.state == "active" else "approve"
