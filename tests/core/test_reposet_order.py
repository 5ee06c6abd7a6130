"""What a plan takes from a set of repositories: only gaps are filled, nothing goes in a circle, and all of it is told."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core import graph
from services.core.plan import Parsed, Plan, Problem, Task
from services.core.reposet import Member, RepoSet
from services.core.reposet_order import MOST_ADDED, in_set
from services.core.reposet_read import ReadSet

MEMBERS = (
    Member(name="schema", repo="acme/schema"),
    Member(name="lib", repo="acme/lib", depends_on=("schema",)),
    Member(name="api", repo="acme/api", depends_on=("lib",)),
    Member(name="web", repo="acme/web", depends_on=("api",)),
    Member(name="old", repo="acme/old", enabled=False),
)


def task(name: str, repo: str, *needs: str) -> Task:
    return Task(id=name, title=name, repo=f"acme/{repo}", needs=needs)


def ordered(*tasks: Task, inherit: bool = True) -> Parsed:
    parsed = Parsed(plan=Plan(title="A plan", tasks=tasks), tasks=tasks)
    return in_set(parsed, ReadSet(found=RepoSet(members=MEMBERS, inherit=inherit), inherit=inherit))


def needs(parsed: Parsed) -> dict[str, tuple[str, ...]]:
    assert parsed.plan is not None
    return {task.id: task.needs for task in parsed.plan.tasks}


def test_a_task_that_states_no_needs_waits_for_the_last_ones_of_what_its_repository_depends_on() -> None:
    parsed = ordered(
        task("w", "web"), task("a", "api"), task("s2", "schema", "s1"), task("s1", "schema"), task("s3", "schema")
    )
    assert needs(parsed) == {"w": ("a",), "a": ("s2", "s3"), "s2": ("s1",), "s1": (), "s3": ()}
    assert [problem.message for problem in parsed.problems] == snapshot(
        ["Added by the order of repositories, for tasks that state no needs: `w` needs `a`; `a` needs `s2`, `s3`."]
    )


def test_stated_needs_stay_what_they_are() -> None:
    tasks = (task("s", "schema"), task("x", "other"), task("a", "api", "x"))
    assert ordered(*tasks).plan == Plan(title="A plan", tasks=tasks)


def test_what_is_added_makes_another_text() -> None:
    tasks = (task("s", "schema"), task("a", "api"))
    with_order, without = ordered(*tasks), ordered(*tasks, inherit=False)
    assert with_order.plan is not None
    assert without.plan is not None
    assert with_order.plan.hash != without.plan.hash
    assert needs(without) == {"s": (), "a": ()}
    stated = Plan(title="A plan", tasks=(tasks[0], task("a", "api", "s")))
    assert with_order.plan.hash == stated.hash


def test_no_need_is_added_that_would_close_a_circle() -> None:
    parsed = ordered(task("a", "api"), task("s", "schema", "a"), task("s2", "schema"))
    assert needs(parsed) == {"a": ("s2",), "s": ("a",), "s2": ()}
    assert parsed.problems[-1].message == snapshot(
        "Against the order of repositories, as the plan states it: `s` waits for `a`."
    )


def test_a_closed_repository_is_refused_whatever_else_the_set_says() -> None:
    parsed = ordered(task("o", "OLD"), task("a", "api"), inherit=False)
    assert parsed.plan is None
    assert [problem.message for problem in parsed.errors] == snapshot(
        ["`acme/OLD` is closed to Lockstep: `automation.enabled` is `false` for it in `repositories.yaml`."]
    )


@pytest.mark.parametrize(("inherit", "refused"), [(None, True), (True, True), (False, False)])
def test_a_broken_set_stops_plans_over_several_repositories_where_it_may_order_them(
    inherit: bool | None, refused: bool
) -> None:
    read = ReadSet(found=None, problems=(Problem(kind="cycle", message="."),), inherit=inherit)
    tasks = (task("s", "schema"), task("a", "api"))
    parsed = in_set(Parsed(plan=Plan(title="A plan", tasks=tasks), tasks=tasks), read)
    said = (
        "The owner's `repositories.yaml` can't be read, so it is not known what has to go first, and where tasks belong "
        "that name no repository; the check `lockstep/config` on its last commit says what to correct."
    )
    assert ([problem.message for problem in parsed.errors], parsed.plan is None) == ([said] * refused, refused)
    alone = tasks[:1]
    assert in_set(Parsed(plan=Plan(title="A plan", tasks=alone), tasks=alone), read).plan is not None
    home = (task("s", ".github"),)
    assert in_set(Parsed(plan=Plan(title="A plan", tasks=home), tasks=home), read).plan is None


def test_too_many_needs_are_not_added() -> None:
    count = 80
    assert count * count > MOST_ADDED
    tasks = [task(f"{repo}{n}", repo) for repo in ("schema", "lib") for n in range(count)]
    parsed = ordered(*tasks)
    assert parsed.plan is None
    assert [(problem.kind, problem.message) for problem in parsed.errors] == snapshot(
        [("too_large", "The order of repositories would add too many needs to this plan; state `needs` in its tasks.")]
    )


def test_an_archived_repository_is_refused() -> None:
    tasks = (task("a", "api"),)
    parsed = in_set(Parsed(plan=Plan(title="A plan", tasks=tasks), tasks=tasks), ReadSet(found=None), {"acme/api"})
    assert parsed.plan is None
    assert [problem.message for problem in parsed.errors] == snapshot(
        ["`acme/api` is archived, so nothing can be changed there; name another repository."]
    )


REPOS = st.sampled_from(["schema", "lib", "api", "web", "other"])


@given(st.lists(st.tuples(REPOS, st.sets(st.integers(0, 7), max_size=2)), min_size=1, max_size=8), st.randoms())
def test_whatever_is_stated_there_is_no_circle_and_order_of_tasks_counts_for_nothing(
    drawn: list[tuple[str, set[int]]], random: Random
) -> None:
    places = list(range(len(drawn)))
    random.shuffle(places)  # needs go to what comes earlier in this order, whatever their repositories
    tasks = [
        task(
            f"t{n}",
            repo,
            *(f"t{other}" for other in sorted(wanted) if other < len(drawn) and places[other] < places[n]),
        )
        for n, (repo, wanted) in enumerate(drawn)
    ]
    parsed = ordered(*tasks)
    assert parsed.plan is not None
    assert graph.knots(needs(parsed)) == []
    for before in tasks:
        after = parsed.plan.by_id[before.id].needs
        assert after == before.needs if before.needs else set(before.needs) <= set(after)
    shuffled = list(tasks)
    random.shuffle(shuffled)
    again = ordered(*shuffled)
    assert again.plan is not None
    assert again.plan.hash == parsed.plan.hash
