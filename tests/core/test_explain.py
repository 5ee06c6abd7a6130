"""Explaining: whatever the state, the chain of a task that is not over ends with somebody or something that can act."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.board import Run
from services.core.explain import Link, ends, explain, last, of_pull
from services.core.freeze import UNREADABLE
from services.core.gate import CheckFact, PullFact, rule
from services.core.patience import Patience
from services.core.places import BRAKED
from services.core.plan import DEFAULT_TIMEOUT
from services.core.task_state import SATISFIED, STATES, State, TaskState
from tests.kit.plans import NOW, check, in_review, pull, run, task, tracked

PATIENCE = Patience(task=timedelta(days=3), review=timedelta(days=30))


def shaped(states: dict[str, State], needs: dict[str, tuple[str, ...]], **more: object) -> Run:
    """A run whose tasks stand in these states, whether or not that can come to be."""
    begun = run(*(task(each, *needs.get(each, ()), repo=f"acme/{each}") for each in states))
    tasks = {
        each: TaskState(
            id=each, state=state, issue=1, pull=5 if state == "in_review" else 0, heads=("a" * 40,), since=NOW
        )
        for each, state in states.items()
    }
    return msgspec.structs.replace(begun, tasks=tasks, **more)


def kinds(chain: tuple[Link, ...]) -> list[str]:
    return [f"{'.' * link.depth}{link.task} {link.kind}" for link in chain]


def leaves(chain: tuple[Link, ...]) -> list[Link]:
    """The links below which there is nothing more."""
    return [link for n, link in enumerate(chain) if n + 1 == len(chain) or chain[n + 1].depth <= link.depth]


CHECKS = st.lists(
    st.builds(
        CheckFact,
        name=st.sampled_from(["test", "lint"]),
        status=st.sampled_from(["completed", "in_progress"]),
        conclusion=st.sampled_from(["success", "failure", "skipped"]),
        ours=st.booleans(),
    ),
    max_size=3,
).map(tuple)
FACTS = st.builds(
    PullFact,
    number=st.just(5),
    state=st.sampled_from(["open", "open", "open", "closed", "gone"]),
    head_sha=st.sampled_from(["a" * 40, "b" * 40]),
    mergeable=st.sampled_from([True, False, None]),
    mergeable_state=st.sampled_from(["clean", "blocked", "unknown"]),
    draft=st.booleans(),
    held=st.booleans(),
    base_ok=st.booleans(),
    objections=st.sampled_from([(), ("ben",)]),
    frozen=st.sampled_from(["", "nothing is merged before noon", UNREADABLE]),
    checks=CHECKS,
    suites_open=st.booleans(),
    has_workflows=st.booleans(),
    grace_left=st.sampled_from([0.0, 5.0]),
    checks_overdue=st.booleans(),
    checks_none=st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Run, dict[str, PullFact], bool]:
    ids = [f"t{n}" for n in range(draw(st.integers(1, 7)))]
    needs = {
        each: tuple(draw(st.sets(st.sampled_from(ids[:n]), max_size=3))) if n else () for n, each in enumerate(ids)
    }
    states: dict[str, State] = {each: draw(st.sampled_from(STATES)) for each in ids}
    current = shaped(states, needs, state=draw(st.sampled_from(["running", "paused", "failed"])))
    tasks = {
        each.id: msgspec.structs.replace(
            each, held=draw(st.booleans()), issue=draw(st.integers(0, 1)), late=draw(st.booleans())
        )
        for each in current.tasks.values()
    }
    facts = {each: draw(FACTS) for each in ids if states[each] == "in_review" and draw(st.booleans())}
    return msgspec.structs.replace(current, tasks=tasks), facts, draw(st.booleans())


@given(worlds())
def test_whatever_is_not_over_is_explained_to_the_end(world: tuple[Run, dict[str, PullFact], bool]) -> None:
    current, facts, is_full = world
    for task_id, state in current.tasks.items():
        chain = explain(
            current, task_id, facts=facts, full=lambda _: ("repo", "acme/api") if is_full else None, patience=PATIENCE
        )
        assert (chain == ()) == (state.state in SATISFIED)
        assert all(link.who or link.kind == "above" for link in leaves(chain)), kinds(chain)
        assert all(link.where for link in chain if link.who in {"triage", "write", "checks", "reviewers"})
        first = [link.task for link in chain if link.kind == "need"]
        assert len(first) == len(set(first)), "each need is explained once"


@given(FACTS)
def test_nothing_speaks_against_a_merge_exactly_when_the_gate_would_merge(fact: PullFact) -> None:
    assert (list(of_pull("a", "acme/api", fact)) == []) == (fact.state == "open" and rule(fact, ()).verdict == "merge")


@given(worlds())
def test_the_ends_of_a_chain_are_not_blocked_themselves(world: tuple[Run, dict[str, PullFact], bool]) -> None:
    current, _, _ = world
    for task_id, found in ends(current).items():
        assert current.tasks[task_id].state == "blocked"
        for each in found:
            own = [need for need in current.plan.by_id[each].needs if current.tasks[need].state not in SATISFIED]
            assert current.tasks[each].state != "blocked" or not own


def test_a_chain_over_repositories_leads_to_the_check_that_failed() -> None:
    current = shaped(
        {"schema": "in_review", "api": "blocked", "web": "blocked"}, {"api": ("schema",), "web": ("api", "schema")}
    )
    chain = explain(current, "web", facts={"schema": pull(checks=(check("test", "failure"),))})
    assert kinds(chain) == ["api need", ".schema need", "..schema checks_failed", "schema above"]
    (end,) = [link for link in chain if link.who]
    assert (end.where, end.names, end.command) == ("acme/schema", ("test",), "/lockstep retry schema")


def test_a_long_chain_is_followed_to_its_end() -> None:
    ids = [f"t{n}" for n in range(3_000)]
    states: dict[str, State] = dict.fromkeys(ids, "blocked")
    states["t0"] = "failed"
    current = shaped(states, {f"t{n}": (f"t{n - 1}",) for n in range(1, 3_000)})
    chain = explain(current, ids[-1])
    assert (chain[-1].task, chain[-1].kind, len(chain)) == ("t0", "failed", 3_000)
    assert ends(current)[ids[-1]] == ("t0",)


def test_everything_that_holds_one_pull_request_back_is_named_at_once() -> None:
    current = in_review(task("a"))
    checks = (check("test", "failure"), check("lint"))
    fact = pull(draft=True, held=True, checks=checks, objections=("ben",), frozen="a freeze")
    found = explain(current, "a", facts={"a": fact})
    assert kinds(found) == ["a label", "a draft", "a checks_failed", "a checks_pending", "a objections", "a frozen"]


@pytest.mark.parametrize(("text", "who"), [("until noon", "lockstep"), (UNREADABLE, "write")])
def test_a_freeze_ends_by_itself_unless_it_cannot_be_read(text: str, who: str) -> None:
    (link,) = of_pull("a", "acme/api", pull(frozen=text))
    assert (link.kind, link.who, link.text) == ("frozen", who, text)


def test_a_full_lane_is_named_and_so_is_the_wait_for_a_turn() -> None:
    current = shaped({"a": "ready"}, {})
    (lane,) = explain(current, "a", full=lambda _: ("repo", "acme/a"))
    assert (lane.kind, lane.names, lane.command) == ("lane", ("repo", "acme/a"), "/lockstep priority a p=10")
    (again,) = explain(shaped({"a": "running"}, {}), "a", full=lambda _: ("repo", "acme/a"))
    assert (again.kind, again.names, again.text) == ("lane", ("repo", "acme/a"), "again")
    (kept,) = explain(current, "a", full=lambda _: (BRAKED, "acme"))
    assert (kept.kind, kept.names, kept.command) == ("braked", ("acme",), ""), "no priority helps it"
    assert kinds(explain(current, "a")) == ["a turn"]


def test_until_when_something_may_last_is_said() -> None:
    running = tracked(task("a")).run
    (works,) = explain(running, "a", patience=PATIENCE)
    assert works.at == NOW + timedelta(seconds=DEFAULT_TIMEOUT)
    brief = Patience(task=timedelta(minutes=1))
    assert explain(running, "a", patience=brief)[0].at == NOW + timedelta(minutes=1)
    waits = explain(in_review(task("a")), "a", patience=PATIENCE)
    assert [(link.kind, link.at) for link in waits] == [("waits", None), ("deadline", NOW + timedelta(days=30))]


@pytest.mark.parametrize(("late", "command"), [(True, "/lockstep resume a"), (False, "/lockstep retry a")])
def test_what_waited_too_long_may_wait_on_and_the_rest_is_tried_again(late: bool, command: str) -> None:
    current = shaped({"a": "needs_human"}, {})
    current.tasks["a"] = msgspec.structs.replace(current.tasks["a"], late=late, reason="it waits")
    assert [link.command for link in explain(current, "a")] == [command]


def test_a_held_run_is_said_once_of_a_task_and_of_each_end_of_its_chain() -> None:
    current = shaped({"a": "ready", "b": "blocked"}, {"b": ("a",)}, state="paused")
    assert kinds(explain(current, "a")) == ["a paused"]
    assert kinds(explain(current, "b")) == ["b paused", "a need", ".a paused"]


def test_the_last_tasks_of_a_plan_stand_for_it() -> None:
    states: dict[str, State] = {"a": "done", "b": "ready", "c": "blocked", "d": "ready"}
    assert last(shaped(states, {"b": ("a",), "c": ("b",)})) == ["c", "d"]
