"""The one comment on a task's pull request, made when the task first stands still and kept up to date from then on.

It says what failed, with the places the checks themselves name, what holds the task back, who can act, and the command
to copy. A pull request that goes its way gets none: its checks say enough.
"""

from collections.abc import Collection, Sequence

import msgspec

from services.core.board import Run
from services.core.explain import explain
from services.core.explained import told
from services.core.failures import Diagnosis, FailureClass, Shown
from services.core.hand_over import CHECKS, meaning_of, tried_of, what_to_do
from services.core.messages import FOOT, plan_place
from services.core.names import STICKY
from services.core.plan_comment import answers_of, first_that_fits
from services.core.report import Note
from services.core.task_state import TaskState
from services.core.text import code, plain

NOTES = 8
"""Places that are told of one check."""
NOTE = 300
LINES, LINE = 8, 200
"""Lines of its log that are told of one check, and characters of each."""


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A check that did not pass, with what it says itself."""

    name: str
    conclusion: str
    notes: tuple[Note, ...] = ()
    failure: Diagnosis = Diagnosis()


def render(
    run: Run,
    task_id: str,
    *,
    broken: Sequence[Broken] = (),
    hidden: Collection[str] = frozenset(),
    answers: Sequence[str] = (),
) -> str:
    """The comment on the pull request of this task; nothing in it tells of the `hidden` repositories."""
    kept = frozenset(hidden)
    head = [
        f"### {code(task_id)}, a task of {plan_place(run, kept)}",
        "",
        told(run, task_id, explain(run, task_id), kept),
        "",
    ]

    task = run.tasks[task_id]
    tried = ["**What was tried**", "", *said, ""] if (said := tried_of(task)) else []
    evidence = [*_evidence(broken), *tried]
    named = _evidence([Broken(name=each.name, conclusion=each.conclusion) for each in broken])
    to_do = what_to_do(run, task, cls) if (cls := _class(task, broken)) is not None else []
    smaller = [([*evidence, *to_do], answers), ([*evidence, *to_do], answers[-1:]), ([*named, *to_do], ())]
    return first_that_fits("\n".join([*head, *found, *answers_of(said), FOOT, STICKY]) for found, said in smaller)


def _evidence(broken: Sequence[Broken]) -> list[str]:
    """What the failed checks say themselves, bounded."""
    if not broken:
        return []
    lines = ["**What failed**", ""]
    alike: dict[tuple[str, str, str], list[Broken]] = {}
    for each in broken:  # a workflow on pushes and on pull requests runs twice for a head
        alike.setdefault((each.name, each.conclusion, each.failure.cls), []).append(each)
    for each, *others in list(alike.values())[:CHECKS]:
        how = _CONCLUSIONS.get(each.conclusion, "did not pass")
        times = f" in {len(others) + 1} runs" if others else ""
        lines.append(f"- check {code(each.name)}: {how}{times}{meaning_of(each.failure.cls)}")
        lines += [f"  - {_where(note)} {plain(note.text, NOTE)}".rstrip() for note in each.notes[:NOTES]]
        if len(each.notes) > NOTES:
            lines.append(f"  - … and {len(each.notes) - NOTES} more")
        lines += [f"  - log line {shown.line:,}: {code(shown.text, LINE)}" for shown in _from_log(each)]
    if len(alike) > CHECKS:
        lines.append(f"- … and {len(alike) - CHECKS} more checks")
    return [*lines, ""]


def _class(task: TaskState, broken: Sequence[Broken]) -> FailureClass | None:
    """What it failed of, as far as anybody knows; None: nothing has failed."""
    tried = [each for each in task.repairs if not each.past]
    known: list[FailureClass] = [each.failure.cls for each in broken if each.failure.cls != "unknown"]
    known += [tried[-1].cls] if tried else []
    return next(iter(known), "unknown" if broken else None)


_CONCLUSIONS = {
    "failure": "failed",
    "timed_out": "took too long",
    "cancelled": "was cancelled",
    "action_required": "waits for somebody to act",
    "startup_failure": "could not start",
    "stale": "was given up by GitHub",
}


def _from_log(each: Broken) -> Sequence[Shown]:
    """The lines of its log; those of annotations stand among its notes."""
    return each.failure.evidence[-LINES:]


def _where(note: Note) -> str:
    return code(f"{note.path}:{note.line}" if note.line else note.path)
