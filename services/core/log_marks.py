"""Which part of a log the failure is in: the steps a CI system marks, and how much each line counts.

What stands in a step that passed explains nothing, however red it looks, and what comes after the failed step is
cleaning up. Systems that mark nothing get a log in which every line counts alike.
"""

from collections.abc import Sequence
from typing import Literal

from services.core.log_lines import Line

PASSED = 0.1
AFTER = 0.3
Mark = Literal["begin", "passed", "failed"]


def weights(lines: Sequence[Line]) -> list[float]:
    """How much each line counts, from its step."""
    marks = [(at, mark) for at, line in enumerate(lines) if (mark := mark_of(line.text))]
    if not any(mark == "failed" for _, mark in marks):
        return _without_heads(lines, marks, [1.0] * len(lines))
    found = [AFTER] * len(lines)
    actions = any(lines[at].text.startswith("##[") for at, mark in marks if mark == "failed")
    begun, failed = 0, False
    for at, mark in [*marks, (len(lines), "begin")]:
        if mark == "begin":
            if actions:
                _fill(found, begun, at, 1.0 if failed else PASSED)
                begun, failed = at, False
            continue
        failed = failed or mark == "failed"
        if not actions:
            _fill(found, begun, at + 1, 1.0 if mark == "failed" else PASSED)
            begun, failed = at + 1, False
    return _without_heads(lines, marks, found)


def _without_heads(lines: Sequence[Line], marks: Sequence[tuple[int, Mark]], found: list[float]) -> list[float]:
    """What a step is about to run says nothing: a script may well have words for what goes wrong in it. Of a step that
    failed the first line stays, its command.
    """
    for number, (at, mark) in enumerate(marks):
        until = marks[number + 1][0] if number + 1 < len(marks) else len(lines)
        end = next((to for to in range(at + 1, until) if lines[to].text.startswith(("##[endgroup]", "##[group]"))), at)
        if mark != "begin" or not lines[end].text.startswith("##[endgroup]"):
            continue
        _fill(found, at if number + 1 == len(marks) or marks[number + 1][1] != "failed" else at + 1, end + 1, 0.0)
    return found


def mark_of(text: str) -> Mark | None:
    """What this line says about the steps, if anything."""
    if text.startswith("##["):
        return "begin" if text.startswith("##[group]Run ") else "failed" if text.startswith("##[error]") else None
    if text.startswith('The command "'):
        rest = text.rpartition('"')[2]
        if " exited with 0" in rest:
            return "passed"
        return "failed" if " failed" in rest or " exited with " in rest else None
    return None


def _fill(found: list[float], since: int, until: int, weight: float) -> None:
    found[since:until] = [weight] * (until - since)
