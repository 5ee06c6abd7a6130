"""What people write in pull requests and their reviews that is meant for Lockstep: the tasks a pull request does, and
what a review wants changed.

Read as commands are: where a reader sees prose, so not in code, quotes, lists, tables, headings or HTML.
"""

import re
from collections.abc import Iterable

import msgspec

from services.core.commands import prose
from services.core.task_state import MAX_ASKED

MAX_ISSUES = 10
_TASKS = re.compile(
    r"(?:\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+|^ {0,3}lockstep-task:[ \t]*)"
    r"(?P<repo>[\w.-]{1,100}/[\w.-]{1,100})?#(?P<number>\d{1,9})\b",
    re.IGNORECASE,
)
_REVERTS = re.compile(r"Reverts (?P<repo>[\w.-]{1,100}/[\w.-]{1,100})?#(?P<number>\d{1,9})\b")
_TO_US = re.compile(r"^ {0,3}@lockstep(?:\[bot\])?(?:[ \t:,]+|$)", re.IGNORECASE)


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What a review says about a line of a file; `line` 0 = about the file."""

    path: str
    line: int
    body: str


def issues_named(body: str, repo: str) -> tuple[int, ...]:
    """The issues of `repo` that a pull request there says it does: `Closes #4`, `Lockstep-Task: #4`."""
    found: dict[int, None] = {}
    for line in prose(body):
        for match in _TASKS.finditer(line):
            if (match["repo"] or repo).lower() == repo.lower():
                found[int(match["number"])] = None
    return tuple(found)[:MAX_ISSUES]


def taken_back(body: str, repo: str) -> int:
    """The pull request of `repo` that this one takes back, as GitHub's own button says it; 0 for none."""
    for line in prose(body):
        match = _REVERTS.match(line)
        if match is not None and (match["repo"] or repo).lower() == repo.lower():
            return int(match["number"])
    return 0


def asked_of_us(body: str) -> str:
    """What is said to `@lockstep`, from the first line that begins so to the end; "" when nothing is."""
    lines = body.replace("\r\n", "\n").split("\n")
    seen = {_without_code(line) for line in prose(body)}
    for place, line in enumerate(lines):
        if (match := _TO_US.match(line)) and _without_code(line) in seen:
            return "\n".join([line[match.end() :], *lines[place + 1 :]]).strip()
    return ""


def _without_code(line: str) -> str:
    """Its letters: of a code span `prose` gives only the words."""
    return "".join(line.replace("`", "").split())


def revision(body: str, remarks: Iterable[Remark]) -> str:
    """All that a review asks of us, each remark with its place; bounded, "" when it asks nothing."""
    found = [(_place(remark), asked_of_us(remark.body)) for remark in remarks]
    parts = [asked_of_us(body), *(f"{place}: {asked}" for place, asked in found if asked)]
    return "\n\n".join(part for part in parts if part)[:MAX_ASKED]


def _place(remark: Remark) -> str:
    return f"{remark.path}:{remark.line}" if remark.line else remark.path
