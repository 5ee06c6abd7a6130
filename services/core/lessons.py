"""Lessons: what people had to ask of a task's pull request before it was merged, for later tasks of that repository.

One is proposed when the pull request has merged, and counts for nothing until a maintainer approves it. It never leaves
its repository.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from services.core.text import code, plain
from services.errors import UserError

State = Literal["proposed", "active", "vetoed", "retired"]
Verb = Literal["approve", "veto", "retire", "delete"]
VERBS: tuple[Verb, ...] = get_args(Verb)
LONGEST = 600
"""Characters of one."""
AT_ONCE = 10
"""Lessons that one attempt is told, the newest ones."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """One of a repository. source: the pull request it comes from; by: who decided last; uses: attempts told of it."""

    id: str
    repo: str
    text: str
    source: str
    state: State = "proposed"
    by: str = ""
    uses: int = 0


_AFTER: dict[Verb, tuple[frozenset[State], State | None]] = {
    "approve": (frozenset({"proposed", "vetoed", "retired"}), "active"),
    "veto": (frozenset({"proposed", "active"}), "vetoed"),
    "retire": (frozenset({"active"}), "retired"),
    "delete": (frozenset(get_args(State)), None),
}


def proposed(repo: str, pull: int, asked: str) -> Lesson | None:
    """What was asked for is the lesson; the same one once. None when nothing was."""
    text = " ".join(asked.split())[:LONGEST]
    key = f"{repo.lower()} {text}".encode()
    made = Lesson(id=hashlib.sha256(key).hexdigest()[:8], repo=repo, text=text, source=f"{repo}#{pull}")
    return made if text else None


def decided(lesson: Lesson, verb: Verb, by: str) -> Lesson | None:
    """The lesson after somebody's word, None when it is deleted; UserError when that changes nothing."""
    before, after = _AFTER[verb]
    if lesson.state not in before:
        raise UserError(f"The lesson {code(lesson.id)} is {lesson.state}; that changes nothing.")
    return None if after is None else msgspec.structs.replace(lesson, state=after, by=by)


def told(lessons: Sequence[Lesson]) -> str:
    """What an attempt is told, a line each."""
    return "\n".join(f"- {lesson.text}" for lesson in lessons[:AT_ONCE])


def listed(lessons: Sequence[Lesson]) -> str:
    """For people, as Markdown."""
    if not lessons:
        return "Nothing has been learned here yet: a lesson is what a review asks of me before a pull request merges."
    lines = ["| Lesson | From | State | Attempts told | |", "| --- | --- | --- | --- | --- |"]
    for each in lessons:
        by = f" by {code(each.by)}" if each.by else ""
        said = f"{plain(each.text, 200)} | {each.source} | {each.state}{by} | {each.uses}"
        lines.append(f"| {said} | `/lockstep lesson {_next(each)} {each.id}` |")
    return "\n".join(lines)


def _next(lesson: Lesson) -> Verb:
    return "retire" if lesson.state == "active" else "approve"
