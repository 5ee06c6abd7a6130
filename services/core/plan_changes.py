"""What an edit has changed, in words: one line a task, the same in the plan comment and in answers.

The values are foreign text and may be long: each is quoted and cut, and what is too much is counted.
"""

from collections.abc import Iterator, Mapping, Sequence

from services.core.adopt import Fate, fates, obstacle
from services.core.board import Run
from services.core.plan import Parsed, Plan
from services.core.plan_diff import Change, Field, PlanDiff, diff
from services.core.plan_render import duration
from services.core.report import WORDS
from services.core.task_state import TaskState
from services.core.text import code, plain, visible

SHOWN = 20
"""Lines of one list of changes."""
FIELDS = 4
"""Fields that are named of one task."""
VALUE = 60


def since(run: Run, now: Parsed, *, approvers: Sequence[str] = ()) -> list[str]:
    """What the issue says otherwise than the text that runs, and what its approval would do to the run; nothing when it
    says the same. approvers: of the new text, while they are too few.
    """
    if now.plan is None:
        count = len(now.errors)
        problems = "a problem" if count == 1 else f"{count} problems"
        where = f", the first on line {now.errors[0].line}" if count and now.errors[0].line else ""
        said = f"**The issue has been edited since, and can't be read as a plan now:** it has {problems}{where}."
        return [f"{said} The run goes on with the text that was approved.", ""]
    found = diff(run.plan, now.plan)
    if found.is_empty:
        return []
    said = (
        f"**The issue has been edited since:** {counted(found)}. The run goes on with the text that was approved for it"
    )
    return [f"{said}{_next(run, now.plan, approvers)}", "", *listed(found, run), ""]


def after_approval(before: Plan, now: Plan) -> list[str]:
    """What an edit has changed that came after an approval and before a start."""
    found = diff(before, now)
    return [] if found.is_empty else [f"**Changed since its approval:** {counted(found)}.", "", *listed(found), ""]


def _next(run: Run, plan: Plan, approvers: Sequence[str]) -> str:
    if why := obstacle(run, plan):
        return f" and can't take the new one over. {why}"
    so_far = f", approved by {', '.join(code(login) for login in approvers)} so far" if approvers else ""
    return f". `/lockstep approve` makes it go on with the new one{so_far}, which means:"


def gone(run: Run) -> list[str]:
    """What edits have left behind in a run, in words: tasks that are in the plan no more, and merges of other texts."""
    lines = []
    if former := list(run.former.values()):
        names = [f"{code(task.id)} ({WORDS[task.state]})" for task in former]
        lines += [f"**In the plan no more:** {_few(names)}.", ""]
    if old := [task for task in run.tasks.values() if task.was is not None and task.merge_sha]:
        names = [code(task.id) for task in old]
        lines += [f"**Merged as an earlier text asked:** {_few(names)}. A task with another id brings the rest.", ""]
    return lines


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def counted(found: PlanDiff) -> str:
    """`1 task added, 2 changed, 7 as they were`."""
    parts = [
        (len(found.added), "added"),
        (len(found.removed), "removed"),
        (len(found.changed), "changed"),
        (len(found.kept), "as before"),
    ]
    said = [f"{count} {what}" for count, what in parts if count]
    if said:
        count, _, rest = said[0].partition(" ")
        said[0] = f"{count} task{'s' * (count != '1')} {rest}"
    others = [*(["another title"] if found.title else []), *(["another deployment"] if found.deploys else [])]
    return ", ".join([*others, *said])


def listed(found: PlanDiff, run: Run | None = None, shown: int = SHOWN) -> list[str]:
    """One line a change, so many at most, and how many are missing. run: the one that would take it over."""
    lines = list(_lines(found, run))
    missing = len(lines) - shown
    return [*lines[:shown], *([f"- … and {missing} more change{'s' * (missing != 1)}"] if missing > 0 else [])]


def _lines(found: PlanDiff, run: Run | None) -> Iterator[str]:
    ends = fates(run, found) if run is not None else {}
    if found.title is not None:
        old, new = found.title
        yield f"- title: {code(old, VALUE)} → {code(new, VALUE)}"
    if found.deploys is not None:
        before, after = (", ".join(sorted(each)) for each in found.deploys)
        yield f"- deployed once merged: {_quoted(before)} → {_quoted(after)}"
    for task in found.added:
        yield f"- added: {code(task.id)} {plain(task.title, 100)} ({task.repo})"
    for task in found.removed:
        yield f"- removed: {code(task.id)} {plain(task.title, 100)} ({task.repo}){_end(run, ends, task.id)}"
    for change in found.changed:
        yield f"- changed: {code(change.id)} {_fields(change)}{_end(run, ends, change.id)}"


def _end(run: Run | None, ends: Mapping[str, Fate], task_id: str) -> str:
    """What becomes of a task that the run has."""
    if run is None:
        return ""
    spec, state = run.plan.by_id[task_id], run.tasks[task_id]
    said = _said_of(ends[task_id], state, f"{spec.repo}#{state.pull}" if state.pull else "")
    return f" — *{said}*" if said else ""


def _said_of(fate: Fate, state: TaskState, pull: str) -> str:
    match fate:
        case "withdrawn" if state.assignee:
            return f"its issue is closed; what {code(state.assignee)} has done stays"
        case "withdrawn":
            return f"its work is stopped and {pull} closed" if pull else _stopped(state)
        case "redone":
            return f"its work is stopped and done again{f', in {pull}' if pull else ''}"
        case "theirs":
            return f"{code(state.assignee)} is at it and goes on"
        case "merged":
            return "it stays as it has merged; a task with another id brings the rest"
        case "ticked":
            return "it counts as done"
        case "unticked":
            return "it is to be done"
        case "left" | "stays":
            return f"it stays {WORDS[state.state]}"
        case _:
            return ""


def _stopped(state: TaskState) -> str:
    return "" if state.state in {"blocked", "ready"} else "its work is stopped"


def _fields(change: Change) -> str:
    told = [_field(field) for field in change.fields[:FIELDS]]
    missing = len(change.fields) - len(told)
    return "; ".join([*told, *([f"and {missing} more field{'s' * (missing != 1)}"] if missing else [])])


def _field(field: Field) -> str:
    if field.name == "done":
        return "ticked as done" if field.new else "not ticked as done any more"
    old, new = _value(field.name, field.old), _value(field.name, field.new)
    if old and new and visible(old, VALUE) == visible(new, VALUE):  # what differs comes after the cut
        return f"{field.name} is another text ({len(old):,} → {len(new):,} characters)"
    return f"{field.name} {_quoted(old)} → {_quoted(new)}"


def _value(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return duration(value) if name == "timeout" and isinstance(value, int) else str(value)


def _quoted(text: str) -> str:
    return code(text, VALUE) if text else "nothing"
