"""services/core/integration.py and what core/conduct.py makes of it: a pull request is tried with what belongs to it."""

import msgspec
from inline_snapshot import snapshot

from services.core.actions import wait_keys
from services.core.board import Board, Decision, Run
from services.core.conduct import decide
from services.core.gate import PullFact
from services.core.integration import MOST, digest, inputs, mark, near_heads, report, verdict, wanted
from services.core.judging import ruling_for
from services.core.task_state import Happening, Integration, TaskState
from tests.kit.plans import NOW, run, task

REPLACE = msgspec.structs.replace


def in_review(task_id: str, sha: str, number: int) -> TaskState:
    return TaskState(id=task_id, state="in_review", issue=number, pull=number, head_sha=sha, heads=(sha,), fence=1)


def three() -> Run:
    """`web` needs `api`, and `docs` has nothing to do with them."""
    tasks = (task("api"), task("web", "api", repo="acme/web"), task("docs", repo="acme/docs"))
    states = [in_review("api", "a1", 11), in_review("web", "w1", 12), in_review("docs", "d1", 13)]
    return REPLACE(run(*tasks), tasks={each.id: each for each in states})


def fact(tried: str = "", *, sha: str = "a1") -> PullFact:
    return PullFact(
        number=11, state="open", head_sha=sha, mergeable=True, mergeable_state="clean", checks_none=True,
        workflow="together.yml", tried=tried,
    )  # fmt: skip


def judged(board: Board, tried: str = "") -> Decision:
    decision = decide(board, facts={"api": fact(tried)}, now=NOW)
    board.apply(decision)
    return decision


def kinds(decision: Decision) -> list[str]:
    return [action.kind for action in decision.actions]


def test_it_is_begun_waited_for_and_only_then_merged() -> None:
    board = Board(three())
    begun = judged(board)
    assert kinds(begun) == ["integrate"]
    heads = (("acme/docs", "d1"), ("acme/web", "w1"))
    assert board.run.tasks["api"].integration == Integration(sha="a1", heads=heads)
    assert kinds(judged(board)) == []
    ruling = ruling_for(board.run, board.run.tasks["api"], fact())
    assert (ruling.verdict, ruling.reason) == ("wait", "is being tried together with what belongs to it")
    told = Happening(kind="dispatched", sha="a1", name="77", fence=1)
    started = decide(board, [("api", told)], now=NOW)
    assert started.waits == (
        ("api", ("issue:acme/api#11", "pull:acme/api#11", "check:acme/api@a1", "actions:acme/api@77")),
    )
    board.apply(started)
    assert kinds(judged(board, "success")) == ["integrate", "merge"]
    assert ruling_for(board.run, board.run.tasks["api"], fact()).verdict == "merge"


def test_history_says_that_it_was_proved() -> None:
    board = Board(three())
    judged(board)
    told = [each.text for each in judged(board, "success").history]
    assert told == snapshot(["works with what belongs to it"])


def test_what_does_not_work_together_fails_and_a_second_run_may_put_it_right() -> None:
    board = Board(three())
    judged(board)
    assert kinds(judged(board, "failure"))[:2] == ["label", "integrate"]
    assert board.run.tasks["api"].reason == "does not work with what belongs to it: `together.yml` ended with `failure`"
    assert not judged(board, "failure").changed
    assert "merge" in kinds(judged(board, "success"))


def test_another_head_of_what_needs_it_has_it_tried_anew_and_any_other_has_not() -> None:
    current = three()
    tried = REPLACE(wanted(current.plan, "api", current.tasks.__getitem__), came="passed")
    current.tasks["api"] = REPLACE(current.tasks["api"], integration=tried)

    def said() -> str:
        return verdict(current.plan, "api", current.tasks.__getitem__)

    assert said() == "passed"
    current.tasks["docs"] = in_review("docs", "d2", 13)
    assert said() == "passed"
    current.tasks["web"] = in_review("web", "w2", 12)
    assert said() == "new"
    current.tasks["web"] = REPLACE(in_review("web", "w1", 12), state="done", merge_sha="m")
    assert said() == "passed"
    current.tasks["api"] = REPLACE(current.tasks["api"], head_sha="a2", heads=("a1", "a2"))
    assert said() == "new"


def test_what_needs_it_is_near_and_there_are_never_too_many() -> None:
    tasks = [task("api"), *(task(f"t{n}", "api", repo=f"acme/r{n}") for n in range(MOST + 10))]
    states = {each.id: in_review(each.id, f"s{n}", n + 1) for n, each in enumerate(tasks)}
    whole = run(*tasks).plan
    assert len(near_heads(whole, "api", states.__getitem__)) == MOST
    assert len(wanted(whole, "api", states.__getitem__).heads) == MOST
    assert near_heads(whole, "t1", states.__getitem__) == ()


def test_the_workflow_is_told_no_hidden_name_and_its_run_is_known_by_a_mark() -> None:
    tried = Integration(sha="a1", heads=(("acme/secret", "s1"), ("acme/web", "w1")))
    given = inputs(tried, key="r/api/1/integrate/a1", pull=7, hidden=frozenset({"acme/secret"}))
    assert given == {
        "lockstep": mark("r/api/1/integrate/a1"), "head": "a1", "pull": "7",
        "siblings": '[{"repository":"acme/web","sha":"w1"}]',
    }  # fmt: skip
    assert "secret" not in report(tried, frozenset({"acme/secret"})).summary
    assert digest(tried) != digest(REPLACE(tried, heads=()))
    assert mark("one") != mark("other")
    current = three()
    assert wait_keys(current, current.tasks["api"])[-1] == "check:acme/api@a1"


def test_what_its_check_says() -> None:
    tried = Integration(sha="a1", heads=(("acme/web", "w1"),))
    assert report(tried).status == "in_progress"
    passed = report(REPLACE(tried, came="passed"))
    assert passed.conclusion == "success"
    failed = report(REPLACE(tried, came="failed", why="It broke."))
    assert failed.conclusion == "failure"
    alone = report(Integration(sha="a1"))
    assert [(each.title, each.summary) for each in (alone, passed, failed)] == snapshot(
        [
            ("Is being tried with what belongs to it", "No other pull request of its run is open."),
            (
                "Works with what belongs to it",
                """\
Tried together with:

- `acme/web` at w1\
""",
            ),
            (
                "Does not work with what belongs to it",
                """\
It broke.

Tried together with:

- `acme/web` at w1\
""",
            ),
        ]
    )
