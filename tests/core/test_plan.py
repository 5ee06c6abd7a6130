"""plan: the shared values and the hash."""

import msgspec
from hypothesis import given, settings

from services.core.plan import Parsed, Plan, Problem
from tests.core.drawn import plan, plans, task


def test_what_a_plan_knows() -> None:
    found = plan(task("a", repo="b/b"), task("b", repo="a/a"), task("c", repo="b/b"))
    assert found.repos == ("a/a", "b/b")
    assert list(found.by_id) == ["a", "b", "c"]


def test_the_hash_is_of_content_not_of_spelling() -> None:
    one = plan(task("a", line=3), task("b", "a", "c", paths=("x", "y")), task("c"))
    same = plan(task("c", line=9), task("b", "c", "a", paths=("y", "x")), task("a"))
    assert one.hash == same.hash
    assert plan(task("a", agent="script", priority=float("0"))).hash == plan(task("a")).hash
    assert plan(task("a"), title="x").hash != plan(task("a")).hash
    assert plan(task("a", done=True)).hash != plan(task("a")).hash


@given(plans())
@settings(max_examples=20)
def test_a_plan_survives_storage(found: Plan) -> None:
    assert msgspec.json.decode(msgspec.json.encode(found), type=Plan) == found


def test_errors_are_the_problems_that_stop() -> None:
    parsed = Parsed(
        plan=None, problems=(Problem(kind="a", message="", severity="warning"), Problem(kind="b", message=""))
    )
    assert [problem.kind for problem in parsed.errors] == ["b"]
