"""services/core/stacks.py: on whose head a task begins, what holds it back then, and when it is made anew."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.checks.gate import gate
from services.core import stacks
from services.core.board import Run
from services.core.explain import explain
from services.core.explained import told
from services.core.judging import ruling_for
from services.core.overlap import settled
from services.core.plan import Parsed, Task
from services.core.task_state import ENDED, Happening, Stack, TaskState
from services.engine import stacking
from tests.kit.plans import Decided, after, happen, pull, run, task

REPO = "acme/api"
A, B, C = "a" * 40, "b" * 40, "c" * 40
TRIO = tuple(task(name, paths=("x.py",), priority=-n) for n, name in enumerate(("one", "two", "three")))


def begun(*tasks: Task) -> Run:
    """A run in a repository that wants its tasks stacked."""
    current = run(*(tasks or TRIO))
    whole = settled(Parsed(plan=current.plan), {REPO: "stack"}).plan
    assert whole is not None
    current = msgspec.structs.replace(current, plan=whole)
    return after(current, [(each, Happening(kind="tracked", number=100)) for each in current.tasks]).run


def reviewed(current: Run, task_id: str, sha: str, number: int) -> Run:
    """Its attempt has pushed that head, and a pull request is there."""
    fence = current.tasks[task_id].fence
    pushed = happen(current, task_id, "pushed", sha=sha, fence=fence, paths=("x.py",)).run
    return happen(pushed, task_id, "opened", number=number, fence=fence).run


def stack() -> Run:
    """`two` on `one`, `three` on `two`, all in review."""
    return reviewed(reviewed(reviewed(begun(), "one", A, 5), "two", B, 6), "three", C, 7)


def judged(current: Run, task_id: str, **said: object) -> Decided:
    state = current.tasks[task_id]
    fact = pull(**{"head": state.head_sha, **said})  # type: ignore[arg-type]
    return after(current, facts={task_id: msgspec.structs.replace(fact, number=state.pull)})


def test_each_begins_on_the_head_of_the_one_before_once_that_is_there() -> None:
    current = begun()
    assert [each.state for each in current.tasks.values()] == ["running", "ready", "ready"]
    current = stack()
    assert [(each.stack, each.fork) for each in current.tasks.values()] == [
        (None, ""), (Stack(on="one", sha=A), A), (Stack(on="two", sha=B), B),
    ]  # fmt: skip
    assert stacks.below("three", current.tasks.__getitem__) == ("two", "one")


def test_nothing_merges_before_what_it_is_stacked_on() -> None:
    current = stack()
    decided = judged(current, "two", base_ref="lockstep/platform-7/one", base_ok=False)
    assert [each.kind for each in decided.actions] == []
    assert decided.run.tasks["two"].reason == "is stacked on `one`, and merges after it"
    assert ruling_for(current, current.tasks["two"], pull(B)).verdict == "wait"
    assert judged(current, "two", base_ref="elsewhere", base_ok=False).run.tasks["two"].state == "needs_human"
    shown = gate(current, current.tasks["two"], frozenset())
    assert (shown.title, shown.summary) == (
        "Stacked on one", "It is made on `one` (acme/api#5), which merges first.",
    )  # fmt: skip
    chain = explain(current, "three", facts={"one": pull(A)})
    assert [(link.task, link.kind) for link in chain if link.kind == "below"] == [("two", "below"), ("one", "below")]
    assert "- is stacked on `two` (acme/api#6), which is in review:" in told(current, "three", chain)


def test_what_is_on_top_of_a_merge_is_carried_over_onto_what_is_there_then() -> None:
    decided = happen(stack(), "one", "merged", sha="d" * 40)
    two = decided.run.tasks["two"]
    said = "`one` has merged: it is carried over onto what is there now"
    assert said in [each.text for each in decided.history]
    assert (two.state, two.carry, two.fork, two.stack) == ("running", B, A, None)
    assert decided.run.tasks["three"].state == "in_review", "it goes on when what it is stacked on does"
    current = reviewed(decided.run, "two", "e" * 40, 6)
    assert (current.tasks["two"].carry, current.tasks["two"].fork) == ("", "")
    assert [each.kind for each in judged(current, "two").actions] == ["merge"]
    assert stacks.holder(current, current.tasks["three"]) == "two"


@pytest.mark.parametrize(("kind", "more"), [("cancelled", {}), ("skipped", {}), ("ticked", {"actor": "ana"})])
def test_what_comes_to_nothing_is_taken_out(kind: str, more: dict[str, object]) -> None:
    decided = happen(stack(), "two", kind, **more)
    said = "`two`, on which it was stacked, is gone: it is carried over onto what is there now"
    assert said in [each.text for each in decided.history]
    current = decided.run
    assert (current.tasks["three"].state, current.tasks["three"].stack) == ("running", Stack(on="one", sha=A))
    assert (current.tasks["three"].carry, current.tasks["three"].fork) == (C, B)


def test_made_anew_nothing_stays_on_a_head_that_is_gone() -> None:
    current = happen(stack(), "one", "recreated", actor="ana").run
    assert current.tasks["two"].state == "in_review"
    current = happen(current, "one", "discarded", number=5).run
    assert (current.tasks["one"].state, current.tasks["two"].state) == ("ready", "running"), "three holds what is gone"
    assert (current.tasks["two"].carry, current.tasks["two"].fork, current.tasks["two"].stack) == (B, A, None)
    current = happen(reviewed(current, "two", "e" * 40, 6), "two", "merged", sha="d" * 40).run
    assert (current.tasks["one"].state, current.tasks["one"].stack) == ("running", None)
    current = reviewed(current, "one", "f" * 40, 8)
    assert (current.tasks["three"].carry, current.tasks["three"].stack) == (C, Stack(on="one", sha="f" * 40))


def test_what_fails_or_is_asked_for_anew_takes_nothing_over() -> None:
    current = happen(stack(), "one", "merged", sha="d" * 40).run
    broke = happen(current, "two", "broke", fence=current.tasks["two"].fence, text="no").run.tasks["two"]
    assert (broke.state, broke.carry) == ("failed", "")
    assert happen(current, "two", "reviewed", name="otherwise").run.tasks["two"].carry == ""


def test_whom_it_is_stacked_on_does_not_wait_for_it() -> None:
    current = happen(stack(), "two", "retried", actor="ana").run  # in review nobody tries it again
    current = happen(happen(current, "two", "cancelled").run, "two", "retried", actor="ana").run
    assert current.tasks["two"].state in {"ready", "running"}


def vouched(current: Run, task_id: str, sha: str) -> Decided:
    """A person has pushed that head to a task that was handed over, and another has approved it."""
    handed = happen(current, task_id, "handed").run
    return judged(handed, task_id, head=sha, vouched="bea")


def test_what_was_approved_on_top_of_another_does_not_bring_in_what_that_has_left_behind() -> None:
    current = vouched(stack(), "two", "e" * 40).run
    assert (current.tasks["two"].state, stacks.holder(current, current.tasks["two"])) == ("in_review", "one")
    current = happen(happen(current, "one", "recreated", actor="ana").run, "one", "discarded", number=5).run
    said = (
        "it was approved while it was stacked on `one`, whose commits aaaaaaa did not merge as they were and may be in "
        "it: look at all of it, then merge it yourself, or retry the task"
    )
    assert (current.tasks["two"].state, current.tasks["two"].reason) == ("needs_human", said)
    again = judged(current, "two", vouched="bea")
    assert (again.actions, again.changed) == ((), ())
    assert ruling_for(current, current.tasks["two"], pull("e" * 40)).verdict == "needs_human"
    chain = explain(current, "two", facts={"two": pull("e" * 40)})
    assert "merging" not in [link.kind for link in chain]
    assert happen(current, "two", "retried", actor="ana").run.tasks["two"].state in {"blocked", "ready", "running"}


def test_approved_on_top_of_another_it_merges_once_just_that_has() -> None:
    current = vouched(stack(), "two", "e" * 40).run
    assert [each.kind for each in judged(current, "two").actions] == []
    merged = happen(current, "one", "merged", sha="d" * 40).run
    assert [each.kind for each in judged(merged, "two").actions] == ["merge"]
    theirs = judged(current, "one", head="f" * 40).run  # somebody has pushed to `one` meanwhile, and merges that
    merged = happen(theirs, "one", "merged", sha="d" * 40).run
    assert merged.tasks["two"].state == "needs_human"


def test_a_head_that_nobody_approved_stays_a_persons_whatever_becomes_of_what_it_lies_on() -> None:
    current = judged(happen(stack(), "two", "handed").run, "two", head="e" * 40).run
    current = happen(happen(current, "one", "recreated", actor="ana").run, "one", "discarded", number=5).run
    state, said = current.tasks["two"].state, current.tasks["two"].reason
    assert (state, said.partition(": it goes on")[0]) == ("needs_human", "somebody else pushed eeeeeee to its branch")
    assert stacks.holder(current, current.tasks["two"]) == "", "our gate does not keep them from merging it"


INTO = {"state": "closed", "merged": True, "merge_sha": "d" * 40, "base_ref": "lockstep/platform-7/one"}
INTO_ONE = ("needs_human", "somebody merged it into the branch of `one`; it is done once that has merged too")


def test_merged_into_the_branch_below_it_is_done_with_that() -> None:
    current = judged(stack(), "two", **INTO).run
    assert (current.tasks["two"].state, current.tasks["two"].reason) == INTO_ONE
    left = happen(current, "one", "merged", sha="e" * 40).run  # as it was before
    assert judged(left, "two", **INTO).run.tasks["two"].state == "needs_human"
    current = judged(current, "one", head="d" * 40).run
    decided = happen(current, "one", "merged", sha="e" * 40)
    assert [each.task for each in decided.actions if each.kind == "checks"] == ["two"]
    assert judged(decided.run, "two", **INTO).run.tasks["two"].state == "done"


def test_merged_into_a_branch_that_had_merged_before_it_is_not_done() -> None:
    current = happen(stack(), "one", "merged", sha="e" * 40).run
    assert (current.tasks["two"].state, current.tasks["two"].stack) == ("running", None)
    two = judged(current, "two", **INTO).run.tasks["two"]
    assert (two.state, two.reason) == INTO_ONE
    two = judged(current, "two", **{**INTO, "base_ref": "lockstep/elsewhere-3/x"}).run.tasks["two"]
    assert two.reason.startswith("somebody merged it into the branch of `lockstep/elsewhere-3/x`")
    assert judged(current, "two", **{**INTO, "base_ref": "main"}).run.tasks["two"].state == "done"


def test_a_stack_has_an_end_and_takes_nothing_that_is_not_ours() -> None:
    tasks = [task(f"t{n}", paths=("x.py",), priority=-n) for n in range(stacks.DEEPEST + 1)]
    current = begun(*tasks)
    for number in range(stacks.DEEPEST):
        current = reviewed(current, f"t{number}", str(number) * 40, number + 1)
    assert current.tasks[f"t{stacks.DEEPEST}"].state == "ready"
    theirs = TaskState(id="one", state="in_review", pull=5, head_sha=A, assignee="bea")
    assert stacks.top(["one"], {"one": theirs}.__getitem__) is None


PATHS = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=2).map(tuple)
DEEDS = st.sampled_from(
    [
        "push",
        "push",
        "push",
        "merge",
        "merge",
        "cancel",
        "retry",
        "break",
        "close",
        "recreate",
        "theirs",
        "into",
        "after",
    ]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(PATHS, min_size=2, max_size=5), st.lists(st.tuples(DEEDS, st.integers(0, 4)), min_size=4, max_size=30))
def test_whatever_happens_no_merge_brings_in_anothers_work_and_all_come_to_an_end(
    paths: list[tuple[str, ...]], deeds: list[tuple[str, int]]
) -> None:
    world = _World([task(f"t{n}", paths=each) for n, each in enumerate(paths)])
    for name in world.run.tasks:
        world.does("push", name)
    for deed, number in deeds:
        names = world.on_others() if deed in {"theirs", "into", "after"} else [*world.run.tasks]
        world.does(deed, names[number % len(names)] if names else "t0")
    for _ in range(4 * len(paths)):
        for name in world.run.tasks:
            for deed in ("retry", "push", "merge"):
                world.does(deed, name)
    assert {each.state for each in world.run.tasks.values()} == {"done"}


class _World:
    """What each head was made of: `holds` says which commits are in it, `made` whose each is, `merged` which are in the
    default branch, and `into` which branch a pull request goes into.
    """

    def __init__(self, tasks: list[Task]) -> None:
        self.run = begun(*tasks)
        self.holds: dict[str, frozenset[str]] = {}
        self.made: dict[str, str] = {}
        self.theirs: set[str] = set()
        self.merged: set[str] = set()
        self.into: dict[str, str] = {}

    def on_others(self) -> list[str]:
        return [each for each, on in self.into.items() if on and self.run.tasks[each].state not in ENDED]

    def does(self, deed: str, name: str) -> None:
        task_ = self.run.tasks[name]
        match deed:
            case "push" if task_.state == "running":
                self._push(name, task_)
            case "merge" if task_.state in {"in_review", "needs_human"} and task_.pull:
                self._merge(name, task_)
            case "theirs" if task_.state == "in_review" and task_.pull:
                sha = self._made(name, self.holds[task_.head_sha])
                self.theirs.add(sha)
                self.run = vouched(self.run, name, sha).run
            case "into" if task_.pull and self.into.get(name) and task_.state in {"in_review", "running"}:
                self._merge_into(name, task_)
            case "after" if self.into.get(name):
                self.does("merge", self.into[name])
                self.does("into", name)
            case "cancel":
                self.run = happen(self.run, name, "cancelled").run
            case "retry":
                self.run = happen(self.run, name, "retried", actor="ana").run
            case "break" if task_.state == "running":
                self.run = happen(self.run, name, "broke", fence=task_.fence).run
            case "close" if task_.state == "in_review":
                self.run = happen(self.run, name, "closed").run
            case "recreate" if task_.state == "in_review":
                self.run = happen(self.run, name, "recreated", actor="ana").run
                self.run = happen(self.run, name, "discarded", number=task_.pull).run

    def _made(self, name: str, under: frozenset[str]) -> str:
        sha = f"{len(self.holds):040d}"
        self.made[sha] = name
        self.holds[sha] = under | {sha}
        return sha

    def _push(self, name: str, task_: TaskState) -> None:
        sha = self._made(name, self.holds[task_.stack.sha] if task_.stack is not None else frozenset())
        if task_.carry and task_.fork:
            own = self.holds[task_.carry] - self.holds[task_.fork]
            assert {self.made[each] for each in own} == {name}, "what is carried is its own"
        self.into[name] = task_.stack.on if task_.stack is not None else ""
        number = task_.pull or len(self.holds)
        self.run = happen(self.run, name, "pushed", sha=sha, fence=task_.fence).run
        self.run = happen(self.run, name, "opened", number=number, fence=task_.fence).run

    def _merge(self, name: str, task_: TaskState) -> None:
        decided = judged(self.run, name)
        self.run = decided.run
        if any(each.kind == "merge" for each in decided.actions):
            others = {each for each in self.holds[task_.head_sha] if self.made[each] != name}
            assert others <= (self.merged if self.theirs & self.holds[task_.head_sha] else set())
            self.merged |= self.holds[task_.head_sha]
            self.run = happen(self.run, name, "merged", sha="9" * 40).run

    def _merge_into(self, name: str, task_: TaskState) -> None:
        """Somebody merges it into the branch of what it was stacked on, and looks no further."""
        branch = f"lockstep/platform-7/{self.into[name]}"
        said = {"state": "closed", "merged": True, "merge_sha": "8" * 40, "base_ref": branch}
        self.run = judged(self.run, name, **said).run
        assert self.run.tasks[name].state != "done", "nothing of it is in the default branch"


def test_an_attempt_whose_ground_is_gone_begins_anew() -> None:
    current = reviewed(begun(), "one", A, 5)
    assert current.tasks["two"].state == "running"
    gone = happen(current, "one", "cancelled").run
    again = stacking.overtaken(gone, gone.tasks["two"])
    assert again is not None
    (told,) = again.happened
    assert told.text == "`one` is not there to begin on any more"
    assert stacking.overtaken(current, current.tasks["two"]) is None
    assert happen(gone, "two", "restacking", fence=told.fence).run.tasks["two"].stack is None
    assert stacking.base_of(current, current.tasks["two"], "main") == "lockstep/platform-7/one"
    assert stacking.base_of(gone, gone.tasks["two"], "main") == "main"
