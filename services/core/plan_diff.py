"""What an edit has made of a plan: tasks added, removed, changed and kept. A task is known by its id.

Where a task stands in the text, and in which order it names its needs and paths, is no part of what it says, as in the
plan's hash: two plans of one hash do not differ.
"""

from collections.abc import Iterator

import msgspec

from services.core.plan import Plan, Task

UNORDERED = frozenset({"needs", "paths"})
FIELDS = tuple(name for name in Task.__struct_fields__ if name not in {"id", "line"})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field that says something else now. Values as the plan has them, lists in order."""

    name: str
    old: object
    new: object


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One task that says something else now."""

    old: Task
    new: Task
    fields: tuple[Field, ...]

    @property
    def id(self) -> str:
        return self.new.id

    @property
    def names(self) -> frozenset[str]:
        return frozenset(field.name for field in self.fields)


class PlanDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Each task of either plan is in exactly one of the four; those of the new plan in its order. deploys: the
    repositories that are told what has merged, where they differ.
    """

    title: tuple[str, str] | None = None
    deploys: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    added: tuple[Task, ...] = ()
    removed: tuple[Task, ...] = ()
    changed: tuple[Change, ...] = ()
    kept: tuple[Task, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.title or self.deploys or self.added or self.removed or self.changed)


def diff(old: Plan, new: Plan) -> PlanDiff:
    """What leads from one plan to the other."""
    changed, kept = [], []
    for task in new.tasks:
        before = old.by_id.get(task.id)
        if before is None:
            continue
        fields = tuple(differing(before, task)) if before != task else ()
        if fields:
            changed.append(Change(old=before, new=task, fields=fields))
        else:
            kept.append(task)
    return PlanDiff(
        title=(old.title, new.title) if old.title != new.title else None,
        deploys=(old.deploys, new.deploys) if sorted(old.deploys) != sorted(new.deploys) else None,
        added=tuple(task for task in new.tasks if task.id not in old.by_id),
        removed=tuple(task for task in old.tasks if task.id not in new.by_id),
        changed=tuple(changed),
        kept=tuple(kept),
    )


def differing(old: Task, new: Task) -> Iterator[Field]:
    """The fields in which two tasks of one id differ, in the order in which a task has them."""
    for name in FIELDS:
        before, after = _said(old, name), _said(new, name)
        if before != after:
            yield Field(name=name, old=before, new=after)


def _said(task: Task, name: str) -> object:
    value = getattr(task, name)
    return tuple(sorted(value)) if name in UNORDERED else value
