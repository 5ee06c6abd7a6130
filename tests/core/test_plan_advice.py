"""plan_advice: warnings about plans that are allowed."""

import pytest

from services.core.overlap import MOST_TOLD
from services.core.plan import Parsed, Plan
from services.core.plan_advice import LONG_CHAIN, advise, with_agents
from services.core.problems import Findings
from tests.core.drawn import chain, plan, task


def advice(found: Plan) -> list[tuple[str, str]]:
    findings = Findings()
    advise(found, findings)
    assert not findings.failed
    return [(problem.kind, problem.message) for problem in findings.listed()]


def kinds(found: Plan) -> list[str]:
    return [kind for kind, _ in advice(found)]


def test_a_long_chain_is_mentioned_when_nearly_all_wait() -> None:
    assert kinds(chain(LONG_CHAIN)) == ["long_chain"]
    assert kinds(chain(LONG_CHAIN - 1)) == []
    wide = plan(*chain(LONG_CHAIN).tasks, *(task(f"free{n}") for n in range(3)))
    assert kinds(wide) == []


def test_a_group_of_one() -> None:
    assert kinds(plan(task("a", group="g"), task("b", group="g"), task("c", group="h"))) == ["lone_group"]


def test_what_an_agent_elsewhere_makes_no_use_of() -> None:
    found = plan(
        task("a", agent="actions", budget="2", workflow="agent.yml"),
        task("b", agent="coder", budget="2", workflow="agent.yml"),
        task("c", agent="copilot", budget="1"),
    )
    assert advice(found) == [
        ("budget_unused", "The `budget` of `a` bounds nothing: what `actions` costs, GitHub counts."),
        ("workflow_unused", "`b` names a `workflow`, which only the agent `actions` starts."),
        ("budget_unused", "The `budget` of `c` bounds nothing: what `copilot` costs, GitHub counts."),
    ]


def test_words_of_the_commands() -> None:
    assert kinds(plan(task("All"), task("failed"), task("failed-tests"))) == ["reserved_id", "reserved_id"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("src/**", "src/a.py"), ("src/a.py", "src/a.py"), ("src", "src/a/b"), ("**/*.md", "docs/x.md"), ("a*/x", "ab/?")],
)
def test_parallel_tasks_with_common_files(one: str, other: str) -> None:
    ((kind, message),) = advice(plan(task("a", paths=("zzz", one)), task("b", paths=(other,))))
    assert kind == "overlapping_paths"
    assert "`a` and `b`" in message
    assert f"`{one}`" in message


def test_no_warning_without_danger() -> None:
    src = {"paths": ("src/**",)}
    assert kinds(plan(task("a", **src), task("b", "a"), task("c", "b", **src))) == []
    assert kinds(plan(task("a", **src), task("b", repo="acme/web", **src))) == []
    assert kinds(plan(task("a", **src), task("b", done=True, **src))) == []
    assert kinds(plan(task("a", **src), task("b"))) == []
    assert kinds(plan(task("a", **src), task("b", paths=("docs/**", "srcs/x")))) == []
    assert kinds(plan(task("a", paths=("src/**", "src/x")))) == []


def test_a_pair_is_mentioned_once_and_not_too_many() -> None:
    both = {"paths": ("src/a", "src/b", "src/c")}
    assert kinds(plan(task("a", **both), task("b", **both))) == ["overlapping_paths"]
    assert len(advice(plan(*(task(f"t{n}", paths=("src",)) for n in range(50))))) == MOST_TOLD


def test_sec_30_many_hostile_patterns_end_soon() -> None:
    paths = tuple(f"{'*a' * 100}{n}" for n in range(200))
    assert kinds(plan(*(task(f"t{n}", paths=paths[n::50]) for n in range(50)))) == []


def test_what_a_group_can_not_mean() -> None:
    same = (task("a", group="g", rollback="forward"), task("b", "a", group="g", rollback="revert"))
    assert kinds(plan(*same)) == ["group_rollback", "group_apart"]


def test_agents_that_are_not_known_are_told() -> None:
    parsed = Parsed(plan=plan(task("a"), task("b", agent="skript"), task("c", agent="robot")))
    found = with_agents(parsed, {"script", "coder"}).problems
    assert [(each.kind, each.severity) for each in found] == [("unknown_agent", "warning")] * 2
    assert [each.message for each in found] == [
        "`b` names the agent `skript`, which is not known here. Did you mean `script`?",
        "`c` names the agent `robot`, which is not known here. There are `coder`, `script`.",
    ]
    assert with_agents(Parsed(plan=None), ()) == Parsed(plan=None)


SET_ONE = "Whoever runs this Lockstep sets `LOCKSTEP_MODEL`; until then such tasks come to a person."


def test_where_no_model_is_set_that_is_told_once_for_each_agent() -> None:
    agents = ("script", "coder", "claude", "coder", "coder")
    parsed = Parsed(plan=plan(*(task(f"t{n}", agent=agent) for n, agent in enumerate(agents))))
    claude, coder = "`t2`", "`t1` and 2 more"
    assert [each.message for each in with_agents(parsed, set(agents), {"aider", "coder", "claude"}).problems] == [
        f"`claude` ({claude}) asks a model, and none is set here. {SET_ONE}",
        f"`coder` ({coder}) asks a model, and none is set here. {SET_ONE}",
    ]
