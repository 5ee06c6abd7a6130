"""targets: which tasks a command means."""

from collections.abc import Callable

import msgspec
import pytest
from inline_snapshot import snapshot

from services.core.board import Run
from services.core.groups import Barrier
from services.core.targets import asking, chosen, only, to_recreate, to_retry, to_take_back
from services.core.task_state import TaskState
from services.errors import UserError
from tests.kit.plans import happen, run, task, tracked

STATES = {
    "api": TaskState(id="api", state="failed", issue=7, pull=9),
    "Web": TaskState(id="Web", state="skipped", issue=8),
    "docs": TaskState(id="docs", state="needs_human"),
    "old": TaskState(id="old", state="skipped"),
    "gone": TaskState(id="gone", state="cancelled"),
}


def current() -> Run:
    made = run(task("api"), task("Web", repo="acme/web"), task("docs"), task("old"), task("gone"))
    return msgspec.structs.replace(made, tasks=STATES)


@pytest.mark.parametrize(
    ("targets", "meant"),
    [
        (["all"], ["api", "Web", "docs", "old", "gone"]),
        (["failed"], ["api", "docs"]),
        (["WEB"], ["Web"]),
        (["ACME/web"], ["Web"]),
        (["acme/api#9"], ["api"]),
        (["acme/api#7"], ["api"]),
        (["docs", "failed", "docs"], ["docs", "api"]),
        ([], []),
    ],
)
def test_what_is_meant(targets: list[str], meant: list[str]) -> None:
    assert chosen(current(), targets) == meant


@pytest.mark.parametrize("target", ["nobody", "acme/other", "acme/api#8", "acme/web#9"])
def test_what_fits_nothing_is_named(target: str) -> None:
    with pytest.raises(UserError, match=f"`{target}` is no task of this plan"):
        chosen(current(), [target])


@pytest.mark.parametrize(
    ("targets", "meant"),
    [
        (["all"], ["api", "docs", "gone"]),
        (["acme/web"], []),
        (["acme/web#8"], ["Web"]),
        (["all", "old"], ["api", "docs", "old", "gone"]),
        (["web"], ["Web"]),
    ],
)
def test_a_retry_takes_up_what_was_left_out_only_when_that_is_meant(targets: list[str], meant: list[str]) -> None:
    assert sorted(to_retry(current(), targets)) == sorted(meant)


def test_what_is_with_a_person_is_taken_up_only_when_that_is_meant() -> None:
    begun = run(task("one", agent="human"), task("two"), task("three"))
    states = {
        "one": TaskState(id="one", state="needs_human"),
        "two": TaskState(id="two", state="needs_human", assignee="ana"),
        "three": TaskState(id="three", state="needs_human"),
    }
    current = msgspec.structs.replace(begun, tasks=states)
    assert to_retry(current, ["failed"]) == to_retry(current, ["all"]) == ["three"]
    assert to_retry(current, ["failed", "two"]) == ["two", "three"]
    assert to_retry(current, ["one"]) == ["one"]


def test_what_asks_no_model_is_left_out_unless_it_is_meant_itself() -> None:
    current = run(task("one", agent="coder"), task("two"), task("three", repo="acme/web"))
    agents = frozenset({"coder"})
    assert asking(current, ["all"], agents) == (["one"], ["two", "three"])
    assert asking(current, ["one"], agents) == (["one"], [])
    said = []
    for named in (["one", "two"], ["acme/web"]):
        with pytest.raises(UserError) as refused:
            asking(current, named, agents)
        said.append(str(refused.value))
    assert said == [
        "`two` is done by `script`, which asks no model; nothing has been changed.",
        "None of those tasks is done by an agent that asks models; nothing has been changed.",
    ]


@pytest.mark.parametrize(("target", "meant"), [("WEB", "Web"), ("acme/web", "Web"), ("acme/api#9", "api")])
def test_one_task_is_meant(target: str, meant: str) -> None:
    assert only(current(), [target]) == meant


def test_a_set_of_several_or_of_none_is_not_one_task() -> None:
    with pytest.raises(UserError, match=r"That means 5 tasks \(`api`, `Web`, `docs`, `old`, `gone`\); name one"):
        only(current(), ["all"])
    calm = msgspec.structs.replace(current(), tasks={"api": TaskState(id="api", state="in_review")})
    with pytest.raises(UserError, match="No task is meant by that"):
        only(calm, ["failed"])


def test_what_needs_what_is_taken_back_is_not_tried_again() -> None:
    live = happen(tracked(task("a"), task("b", "a"), task("c")).run, "a", "merged", sha="c" * 40).run
    for each in ("b", "c"):
        live = happen(live, each, "cancelled").run
    live = happen(live, "a", "reverting").run
    for anew in (to_retry, to_recreate):
        assert anew(live, ["all"]) == ["a", "c"]
        with pytest.raises(UserError, match="`b` needs `a`, which is taken back; write both into a new plan"):
            anew(live, ["b"])


def test_refusals_word_for_word() -> None:
    current = run(task("a"), task("b", "a"), task("c", "b"))
    merged = {**current.tasks, "a": TaskState(id="a", state="done", merge_sha="c" * 40, pull=4)}
    open_ = msgspec.structs.replace(current, tasks=merged)
    both = {**merged, "b": TaskState(id="b", state="done", merge_sha="d" * 40, pull=5)}
    back = {**merged, "a": TaskState(id="a", state="done", merge_sha="c" * 40, pull=4, revert=9)}
    pair = run(task("a", group="g"), task("b", group="g"))
    whole = {name: TaskState(id=name, state="done", merge_sha=name * 40, pull=4) for name in ("a", "b")}
    grouped = msgspec.structs.replace(pair, tasks=whole)
    fallen = msgspec.structs.replace(pair, barriers={"g": Barrier(phase="reverting")})
    asked: list[Callable[[], object]] = [
        lambda: chosen(current, ["x y"]),
        lambda: only(current, ["failed"]),
        lambda: only(current, ["all"]),
        lambda: to_take_back(open_, ["a"]),
        lambda: to_take_back(msgspec.structs.replace(current, tasks=both), ["a"]),
        lambda: to_retry(msgspec.structs.replace(current, tasks=back), ["b"]),
        lambda: to_take_back(grouped, ["a"]),
        lambda: to_recreate(fallen, ["b"]),
    ]
    said = []
    for each in asked:
        with pytest.raises(UserError) as refused:
            each()
        said.append(str(refused.value))
    assert said == snapshot(
        [
            "`x y` is no task of this plan; name a task id, `owner/repo`, `failed` or `all`.",
            "No task is meant by that; name one task of this plan.",
            "That means 3 tasks (`a`, `b`, `c`); name one of them.",
            "`b` needs `a` and is not over: `/lockstep cancel b` first.",
            "`b` needs `a` and has merged: name it too, or say `/lockstep rollback all`.",
            "`b` needs `a`, which is taken back; write both into a new plan.",
            "`b` has merged with its group: name it too, or say `/lockstep rollback all`.",
            "`b` belongs to a group that is taken back; write it into a new plan.",
        ]
    )
