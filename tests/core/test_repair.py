"""How failed checks are repaired: the right strategy, in bounds, and never what did not help the last time."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.board import Board, Run
from services.core.conduct import decide
from services.core.failures import FailureClass
from services.core.gate import PullFact
from services.core.repair import failed, noted
from services.core.repairs import Failed, Failure, Repair, tier
from services.core.strategies import MOST, Record, Rules, Step, Tally
from services.core.task_state import MAX_ASKED, TaskState
from tests.kit.plans import NOW, Decided, after, check, happen, in_review, pull, task, tracked

RED = check("test", "failure")


def failure(cls: FailureClass = "runner", **more: object) -> Failure:
    made = {"check": "test", "id": "9", "signature": f"{cls}: x", "jobs": True, "evidence": ("E  boom",)}
    return Failure(cls=cls, **{**made, **more})  # type: ignore[arg-type]


def red(*failures: Failure) -> PullFact:
    return msgspec.structs.replace(pull(checks=(RED,)), failures=failures)


def judged(run: Run, fact: PullFact) -> Decided:
    return after(run, facts={"a": fact})


def keys(decided: Decided) -> list[str]:
    return [f"{each.kind} {each.key.rpartition('/')[2]}" for each in decided.actions if each.kind != "mark"]


def state(decided: Decided) -> TaskState:
    return decided.run.tasks["a"]


def test_what_the_machine_failed_at_runs_again_once_for_each_look() -> None:
    begun = judged(in_review(task("a")), red(failure()))
    assert state(begun).state == "in_review"
    assert state(begun).reason == "check `test` failed: runner or network; its failed jobs run again (1 of 3)"
    assert keys(begun) == [f"rerun {'a' * 40}-1"]
    assert judged(begun.run, red(failure())).actions == ()
    pending = judged(begun.run, pull(checks=(check("test", ""),)))
    assert state(pending).reason == state(begun).reason
    green = judged(begun.run, pull())
    assert [each.came for each in state(green).repairs] == ["worked"]
    assert [(each.kind, each.text) for each in green.history] == [("mended", "its checks pass")]


def test_another_failure_of_the_same_head_is_tried_up_to_the_cap_after_a_pause() -> None:
    current, dues = in_review(task("a")), []
    for number in range(3):
        decided = judged(current, red(failure(id=str(number), signature=f"runner: {number}")))
        dues.append(state(decided).repairs[-1].due)
        current = decided.run
    assert dues[0] == NOW
    assert all(due is not None and due > NOW for due in dues[1:])
    last = judged(current, red(failure(id="3", signature="runner: 3")))
    assert (state(last).state, state(last).reason) == ("needs_human", "check `test` failed")
    assert [each.came for each in state(last).repairs] == ["failed"] * 3


def test_the_same_signature_after_a_repair_stops_it() -> None:
    begun = judged(in_review(task("a")), red(failure("timeout", id="9")))
    again = judged(begun.run, red(failure("timeout", id="10")))
    assert state(again).state == "needs_human"
    assert state(judged(begun.run, red(failure("rate_limited", id="10")))).state == "in_review"


def test_a_machine_may_need_longer_but_not_for_ever() -> None:
    current, states = in_review(task("a")), []
    for number in range(4):
        current = judged(current, red(failure(id=str(number)))).run
        states.append(current.tasks["a"].state)
    assert states == ["in_review", "in_review", "in_review", "needs_human"]


@pytest.mark.parametrize("cls", ["lint", "build", "missing_dependency", "unknown", "permission"])
def test_a_script_is_not_asked_again(cls: FailureClass) -> None:
    decided = judged(in_review(task("a")), red(failure(cls)))
    assert (state(decided).state, state(decided).reason) == ("needs_human", "check `test` failed")


@pytest.mark.parametrize("cls", ["documentation", "lint", "build", "missing_dependency"])
def test_an_agent_that_can_read_is_told_what_failed(cls: FailureClass) -> None:
    decided = judged(in_review(task("a", agent="coder")), red(failure(cls)))
    assert keys(decided) == ["attempt attempt"]
    assert (state(decided).state, state(decided).attempt) == ("running", 2)
    told = state(decided).broke
    assert told.startswith("On the pull request of the last attempt the check test failed. ")
    assert told.endswith("\nWhat it printed:\nE  boom")


def test_of_what_failed_an_agent_is_told_a_bounded_part() -> None:
    long = failure("build", check="x\ny" * 200, evidence=("z" * 5_000,) * 60)
    fact = msgspec.structs.replace(red(long), checks=(check(long.check, "failure"),))
    told = state(judged(in_review(task("a", agent="coder")), fact)).broke
    assert len(told) < 6_000
    assert "x\ny" not in told


def test_the_agent_is_not_told_the_same_twice() -> None:
    current = judged(in_review(task("a", agent="coder")), red(failure("build"))).run
    current = pushed(current, "b" * 40)
    fact = msgspec.structs.replace(red(failure("build", id="10")), head_sha="b" * 40)
    assert state(judged(current, fact)).state == "needs_human"
    other = msgspec.structs.replace(red(failure("build", id="10", signature="other")), head_sha="b" * 40)
    assert state(in_time(judged(current, other))).attempt == 3


def in_time(decided: Decided) -> Decided:
    """What follows when the time of the repair has come."""
    assert (state(decided).state, state(decided).repairs[-1].due) > ("ready", NOW)
    return after(decided.run, now=state(decided).repairs[-1].due or NOW)


def pushed(run: Run, sha: str) -> Run:
    """The attempt under way comes to this head, with the same pull request."""
    current = happen(run, "a", "pushed", sha=sha, fence=run.tasks["a"].fence).run
    return happen(current, "a", "opened", number=5).run


def test_a_check_that_nobody_knows_of_is_a_persons() -> None:
    two = msgspec.structs.replace(red(failure()), checks=(RED, check("lint", "failure")))
    assert state(judged(in_review(task("a")), two)).state == "needs_human"
    other = failure(jobs=False)
    assert state(judged(in_review(task("a")), red(other))).state == "needs_human"


def test_a_failed_test_runs_again_before_an_agent_is_told_and_is_not_run_again_twice() -> None:
    first = judged(in_review(task("a", agent="coder")), red(failure("test_failure")))
    assert keys(first) == [f"rerun {'a' * 40}-1"]
    second = judged(first.run, red(failure("test_failure", id="10")))
    assert state(second).attempt == 2
    assert [each.strategy for each in state(second).repairs] == ["rerun_failed", "fix_tests"]
    script = judged(
        judged(in_review(task("a")), red(failure("test_failure"))).run, red(failure("test_failure", id="10"))
    )
    assert state(script).state == "needs_human"


def test_what_helps_here_goes_first_and_is_said() -> None:
    record: Record = {("test_failure", "rerun_failed"): Tally(0, 9), ("test_failure", "fix_tests"): Tally(7, 9)}
    known = msgspec.structs.replace(red(failure("test_failure")), rules=Rules(record=record))
    decided = judged(in_review(task("a", agent="coder")), known)
    assert [each.strategy for each in state(decided).repairs] == ["fix_tests"]
    assert "(1 of 2, worked 7 of 9 here)" in decided.history[0].text


CONFLICT = pull(mergeable=False)


def test_a_conflict_is_resolved_by_an_attempt_that_takes_over_what_is_there() -> None:
    begun = judged(in_review(task("a")), CONFLICT)
    assert (state(begun).state, state(begun).attempt) == ("running", 2)
    (repair,) = state(begun).repairs
    assert (repair.strategy, repair.carries, repair.sha, repair.checks) == ("resolve_conflict", True, "a" * 40, ())
    done = pushed(begun.run, "b" * 40)
    assert [each.came for each in done.tasks["a"].repairs] == ["worked"]
    again = msgspec.structs.replace(CONFLICT, head_sha="b" * 40)
    assert state(in_time(judged(done, again))).attempt == 3


def test_conflicts_without_end_come_to_a_person() -> None:
    current = in_review(task("a"))
    for number in range(1, 9):
        head = current.tasks["a"].head_sha
        decided = judged(current, msgspec.structs.replace(CONFLICT, head_sha=head))
        current = (in_time(decided) if state(decided).state == "ready" else decided).run
        if current.tasks["a"].state == "needs_human":
            break
        current = pushed(current, f"{number:040x}")
    assert (current.tasks["a"].state, number) == ("needs_human", 5)


def failed_attempt(run: Run, failure: Failure, **rules: object) -> Decided:
    known = Failed(failures=(failure,), rules=Rules(**rules))  # type: ignore[arg-type]
    return happen(run, "a", "broke", text="it broke", fence=run.tasks["a"].fence, failed=known)


def empty(cls: FailureClass = "agent_failed", **more: object) -> Failure:
    return failure(cls, check="", jobs=False, **more)


def test_an_attempt_that_came_to_nothing_is_made_again_where_that_can_help() -> None:
    begun = tracked(task("a", agent="coder")).run
    once = failed_attempt(begun, empty(signature="one"))
    assert (state(once).state, state(once).attempt) == ("running", 2)
    assert state(once).broke.startswith("The last attempt came to nothing. ")
    assert failed(state(once).repairs[0]) == "its attempt failed"
    same = failed_attempt(once.run, empty(signature="one"))
    assert (state(same).state, state(same).reason) == ("needs_human", "it broke")
    stronger = failed_attempt(once.run, empty(signature="one"), stronger=1)
    assert (state(stronger).state, tier(state(stronger).repairs)) == ("running", 1)
    worked = happen(pushed(once.run, "b" * 40), "a", "green")
    assert [each.came for each in state(worked).repairs] == ["worked"]


def test_a_script_that_failed_is_a_persons_unless_the_machine_was_to_blame() -> None:
    begun = tracked(task("a")).run
    assert state(failed_attempt(begun, empty())).state == "failed"
    assert state(failed_attempt(begun, empty("runner"), policy={"runner": (Step("retry"),)})).attempt == 2


def test_what_was_heard_of_an_attempt_that_is_over_repairs_nothing() -> None:
    begun = tracked(task("a", agent="coder")).run
    known = Failed(failures=(empty(),))
    late = happen(begun, "a", "broke", fence=begun.tasks["a"].fence - 1, failed=known)
    assert late.changed == ()


def test_a_log_that_is_late_is_waited_for() -> None:
    waits = judged(in_review(task("a")), red(failure("unknown", late=True)))
    assert (state(waits).state, state(waits).reason) == (
        "in_review", "check `test` failed; its log is not there yet",
    )  # fmt: skip
    assert state(judged(waits.run, red(failure("unknown")))).state == "needs_human"


def test_the_repositorys_own_fixer_goes_before_an_agent_and_works_for_scripts() -> None:
    fact = msgspec.structs.replace(red(failure("lint")), rules=Rules(fixer="make format"))
    fixed = judged(in_review(task("a")), fact)
    assert [(each.strategy, each.carries) for each in state(fixed).repairs] == [("fix_format", True)]
    same = msgspec.structs.replace(fact, head_sha="b" * 40, failures=(failure("lint", id="10"),))
    assert state(judged(pushed(fixed.run, "b" * 40), same)).state == "needs_human"


def test_a_stale_base_is_brought_into_the_branch() -> None:
    assert keys(judged(in_review(task("a")), red(failure("stale_base")))) == [f"update_branch {'a' * 40}"]


def test_a_repository_may_want_nothing_repaired_or_something_else() -> None:
    none = msgspec.structs.replace(red(failure()), rules=Rules(most=0))
    assert state(judged(in_review(task("a")), none)).state == "needs_human"
    own = msgspec.structs.replace(red(failure("unknown")), rules=Rules(policy={"unknown": (Step("rerun_failed"),)}))
    assert keys(judged(in_review(task("a")), own)) == [f"rerun {'a' * 40}-1"]


def test_what_broke_the_base_is_proposed_to_be_taken_back_once() -> None:
    run = in_review(task("a"), task("b"), task("c", repo="acme/web"))
    broke = {"merge_sha": "c" * 40, "state": "done", "pull": 9, "heads": ("d" * 40,)}
    tasks = {**run.tasks, **{name: TaskState(id=name, **broke) for name in ("b", "c")}}  # type: ignore[arg-type]
    run = msgspec.structs.replace(run, tasks=tasks)
    broken = red(failure("build", base="failed", base_sha="c" * 40, broke_by="c" * 40))
    begun = judged(run, broken)
    assert [each.kind for each in begun.actions] == ["revert"]
    assert [each.text for each in begun.history if each.task == "b"] == ["it broke the base of `a`"]
    assert (begun.run.tasks["b"].revert, begun.run.tasks["c"].revert) == (-1, 0)
    assert judged(begun.run, broken).actions == ()
    unwanted = msgspec.structs.replace(broken, rules=Rules(policy={"broken_base": (Step("update_branch"),)}))
    assert judged(run, unwanted).actions == ()


def test_what_the_base_fails_too_waits_for_the_base() -> None:
    broken = failure("test_failure", base="failed", base_sha="b" * 40)
    waits = judged(in_review(task("a")), red(broken))
    assert state(waits).state == "in_review"
    assert state(waits).reason == (
        "check `test` failed, and so it does on its base branch: it waits until that is repaired"
    )
    assert judged(waits.run, red(broken)).actions == ()
    moved = msgspec.structs.replace(broken, base="pending", base_sha="c" * 40)
    assert judged(waits.run, red(moved)).actions == ()
    well = msgspec.structs.replace(moved, base="passed")
    brought = judged(waits.run, red(well))
    assert keys(brought) == [f"update_branch {'a' * 40}"]
    assert [each.text for each in brought.history] == ["its base branch is well again, and is brought into it"]
    rerun = msgspec.structs.replace(broken, base="passed")
    assert keys(judged(waits.run, red(rerun))) == [f"rerun {'a' * 40}-2"]


def test_nothing_is_brought_into_what_people_hold_back() -> None:
    broken = failure("test_failure", base="failed", base_sha="b" * 40)
    waits = judged(in_review(task("a")), red(broken)).run
    well = red(msgspec.structs.replace(broken, base="passed", base_sha="c" * 40))
    held = happen(waits, "a", "held", actor="ana").run
    assert judged(held, well).actions == ()
    assert keys(judged(happen(held, "a", "released", actor="ana").run, well)) == [f"update_branch {'a' * 40}"]


def test_a_person_who_has_spoken_begins_the_count_anew() -> None:
    run = judged(judged(in_review(task("a")), red(failure("timeout"))).run, red(failure("timeout", id="10"))).run
    spoken = happen(run, "a", "retried", actor="ana").run.tasks["a"]
    assert [each.past for each in spoken.repairs] == [True]


FAILURES = st.builds(
    Failure,
    check=st.just("test"),
    id=st.integers(1, 10_000).map(str),
    cls=st.sampled_from(get_args(FailureClass)),
    signature=st.text("xyz", max_size=2),
    jobs=st.booleans(),
    base=st.sampled_from(["", "failed", "passed", "pending"]),
    base_sha=st.sampled_from(["c" * 40, "d" * 40]),
)


@given(st.lists(FAILURES, min_size=30, max_size=60), st.sampled_from(["script", "coder"]))
@settings(max_examples=40)
def test_whatever_fails_in_whatever_way_it_comes_to_a_person(seen: list[Failure], agent: str) -> None:
    current, heads = in_review(task("a", agent=agent)), 0
    for one in seen:
        now = current.tasks["a"]
        if now.state == "running":
            heads += 1
            current = happen(current, "a", "pushed", sha=f"{heads:040x}", fence=now.fence).run
            current = happen(current, "a", "opened", number=5).run
        elif now.renewing:
            heads += 1
            current = happen(current, "a", "rebased", sha=f"{heads:040x}", fence=now.fence).run
        fact = msgspec.structs.replace(red(one), head_sha=current.tasks["a"].head_sha)
        current = judged(current, fact).run
        now = current.tasks["a"]
        assert len(now.repairs) <= MOST + 1
        assert sum(not each.came for each in now.repairs) <= 1
        assert now.state in {"in_review", "running", "needs_human"}
    assert len(current.tasks["a"].repairs) <= MOST + 1


def test_what_failed_and_what_people_asked_for_share_the_room() -> None:
    both = TaskState(id="a", asked="x" * MAX_ASKED, broke="it failed")
    assert len(noted(both)) == MAX_ASKED
    assert noted(both).endswith("it failed")
    assert noted(TaskState(id="a", asked="please")) == "please"
    assert noted(TaskState(id="a", broke="it failed")) == "it failed"


def test_repairs_are_stored_with_the_task() -> None:
    made = state(judged(in_review(task("a")), red(failure())))
    assert msgspec.json.decode(msgspec.json.encode(made), type=TaskState) == made
    assert isinstance(made.repairs[0], Repair)


def test_a_decision_tells_what_began_and_what_came_of_it_once() -> None:
    def told(run: Run, fact: PullFact) -> list[tuple[str, int, str]]:
        found = decide(Board(run), facts={"a": fact}, now=NOW).repairs
        return [(task_id, each.n, each.came) for task_id, repo, each in found if repo == "acme/api"]

    run = in_review(task("a"))
    assert told(run, red(failure())) == [("a", 1, "")]
    begun = judged(run, red(failure())).run
    assert told(begun, red(failure())) == []
    assert told(begun, pull()) == [("a", 1, "worked")]
    assert told(begun, red(failure("rate_limited", id="10"))) == [("a", 1, "failed"), ("a", 2, "")]
    assert told(judged(begun, pull()).run, pull()) == []
