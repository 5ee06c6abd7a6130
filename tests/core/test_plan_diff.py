"""The difference of two plans: nothing is left out, nothing is there twice, and it leads from one to the other."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.core.plan import Plan
from services.core.plan_diff import FIELDS, Field, PlanDiff, diff
from tests.core.drawn import plans
from tests.kit.plans import plan, task

replace = msgspec.structs.replace


def swapped(of: Plan) -> Plan:
    """The same content, otherwise written."""
    tasks = [
        replace(one, needs=one.needs[::-1], paths=one.paths[::-1], line=n) for n, one in enumerate(reversed(of.tasks))
    ]
    return Plan(title=of.title, tasks=tuple(tasks))


def apply(old: Plan, found: PlanDiff) -> Plan:
    """The new plan, but for the order of its tasks."""
    gone = {task.id for task in found.removed}
    instead = {change.id: change.new for change in found.changed}
    tasks = [instead.get(task.id, task) for task in old.tasks if task.id not in gone]
    return Plan(title=found.title[1] if found.title else old.title, tasks=(*tasks, *found.added))


@given(plans())
def test_a_plan_does_not_differ_from_itself_however_it_is_written(of: Plan) -> None:
    found = diff(of, swapped(of))
    assert found.is_empty
    assert {one.id for one in found.kept} == set(of.by_id)


@given(plans(), plans())
def test_it_is_empty_exactly_where_the_hashes_are_the_same_and_leads_to_the_new_plan(old: Plan, new: Plan) -> None:
    found = diff(old, new)
    assert found.is_empty == (old.hash == new.hash)
    assert apply(old, found).hash == new.hash


@given(plans(), plans())
def test_every_task_is_in_one_part_and_turned_round_it_says_the_opposite(old: Plan, new: Plan) -> None:
    there, back = diff(old, new), diff(new, old)
    parts = [one.id for part in (there.added, there.removed, there.changed, there.kept) for one in part]
    assert sorted(parts) == sorted({*old.by_id, *new.by_id})
    assert {one.id for one in there.added} == {one.id for one in back.removed}
    assert {one.id for one in there.kept} == {one.id for one in back.kept}
    turned = {
        change.id: tuple(Field(name=one.name, old=one.new, new=one.old) for one in change.fields)
        for change in back.changed
    }
    assert {change.id: change.fields for change in there.changed} == turned


@given(plans(), st.sampled_from(FIELDS))
def test_a_changed_field_is_named(of: Plan, name: str) -> None:
    first = of.tasks[0]
    other = {"needs": ("zz",), "paths": ("a/zz",), "priority": 7.5, "timeout": 7, "done": not first.done}
    edited = replace(first, **{name: other.get(name, "something else")})
    found = diff(of, Plan(title=of.title, tasks=(edited, *of.tasks[1:])))
    assert [change.names for change in found.changed] == [{name}]


def test_what_is_deployed_counts_in_any_order() -> None:
    old = plan(task("a"), task("b", repo="acme/web"))
    both = replace(old, deploys=("acme/api", "acme/web"))
    assert old.hash == replace(old, deploys=()).hash != both.hash == replace(both, deploys=both.deploys[::-1]).hash
    found = diff(old, both)
    assert (found.is_empty, found.deploys) == (False, ((), both.deploys))
    assert diff(both, replace(both, deploys=both.deploys[::-1])).is_empty


def test_the_title_counts() -> None:
    found = diff(plan(task("a")), plan(task("a"), title="Another"))
    assert (found.is_empty, found.title) == (False, ("A plan", "Another"))
