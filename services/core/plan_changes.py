"""What an edit has changed, in words: one line a task, the same in the plan comment and in answers.

The values are foreign text and may be long: each is quoted and cut, and what is too much is counted.
"""

from collections.abc import Iterator

from services.core.plan import Parsed, Plan
from services.core.plan_diff import Change, Field, PlanDiff, diff
from services.core.plan_render import duration
from services.core.text import code, plain, visible

SHOWN = 20
"""Lines of one list of changes."""
FIELDS = 4
"""Fields that are named of one task."""
VALUE = 60


def since(running: Plan, now: Parsed, *, is_approved: bool = False) -> list[str]:
    """What the issue says otherwise than the text that runs, and what that means; nothing when it says the same.

    is_approved: the new text has been approved too, for the next run.
    """
    if now.plan is None:
        count = len(now.errors)
        problems = "a problem" if count == 1 else f"{count} problems"
        where = f", the first on line {now.errors[0].line}" if count and now.errors[0].line else ""
        said = f"**The issue has been edited since, and can't be read as a plan now:** it has {problems}{where}."
        return [f"{said} The run goes on with the text that was approved.", ""]
    found = diff(running, now.plan)
    if found.is_empty:
        return []
    goes_on = "This run goes on with the text that was approved for it"
    after = "`/lockstep run` once it is over starts the new text, which is approved"
    if not is_approved:
        goes_on = f"The approval does not cover that. {goes_on}"
        after = "for another run of the new text: `/lockstep approve`, and `/lockstep run` once this one is over"
    return [f"**The issue has been edited since:** {counted(found)}. {goes_on}; {after}.", "", *listed(found), ""]


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
    return ", ".join([*(["another title"] if found.title else []), *said])


def listed(found: PlanDiff, shown: int = SHOWN) -> list[str]:
    """One line a change, so many at most, and how many are missing."""
    lines = list(_lines(found))
    missing = len(lines) - shown
    return [*lines[:shown], *([f"- … and {missing} more change{'s' * (missing != 1)}"] if missing > 0 else [])]


def _lines(found: PlanDiff) -> Iterator[str]:
    if found.title is not None:
        old, new = found.title
        yield f"- title: {code(old, VALUE)} → {code(new, VALUE)}"
    for task in found.added:
        yield f"- added: {code(task.id)} {plain(task.title, 100)} ({task.repo})"
    for task in found.removed:
        yield f"- removed: {code(task.id)} {plain(task.title, 100)} ({task.repo})"
    for change in found.changed:
        yield f"- changed: {code(change.id)} {_fields(change)}"


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
