"""What an edit has changed, in words: what is named, what is cut, and that nothing of it comes alive."""

import re

import msgspec
from hypothesis import given
from inline_snapshot import snapshot

from services.core.board import Run
from services.core.parse import parse
from services.core.plan import Parsed, Plan
from services.core.plan_changes import FIELDS, SHOWN, counted, gone, listed, since
from services.core.plan_diff import diff
from services.core.task_state import TaskState
from tests.core.drawn import plans
from tests.kit.plans import in_review, plan, run, task

OLD = plan(
    task("a", run="echo 1"), task("b", "a", timeout=60), task("gone"), task("same"), task("long", body="x" * 100)
)
NEW = plan(
    task("a", run="echo 2", done=True),
    task("b", timeout=61, priority=5.0),
    task("same"),
    task("long", body="x" * 100 + "y"),
    task("new", title="More *work* @all"),
    title="Another",
)

replace = msgspec.structs.replace


def going(of: Plan) -> Run:
    return run(*of.tasks)


def test_an_edit_in_words() -> None:
    assert "\n".join(since(going(OLD), Parsed(plan=NEW))) == snapshot("""\
**The issue has been edited since:** another title, 1 task added, 1 removed, 3 changed, 1 as before. The run goes on with the text that was approved for it. `/lockstep approve` makes it go on with the new one, which means:

- title: `A plan` → `Another`
- added: `new` More \\*work\\* \\@\u2060all (acme/api)
- removed: `gone` Do gone (acme/api)
- changed: `a` run `echo 1` → `echo 2`; ticked as done — *it counts as done*
- changed: `b` needs `a` → nothing; priority `0` → `5`; timeout `1m` → `1.0166666666666666`
- changed: `long` body is another text (100 → 101 characters)
""")


def test_what_becomes_of_each_task_in_words() -> None:
    current = in_review(*(task(name, run="1") for name in ("a", "b", "c", "d")), task("e", repo="acme/web"))
    states: dict[str, dict[str, object]] = {
        "b": {"state": "needs_human", "assignee": "ben"},
        "c": {"state": "done", "merge_sha": "m"},
        "d": {"state": "cancelled"},
        "e": {"state": "in_review", "pull": 9},
    }
    tasks = {one: replace(state, **states.get(one, {})) for one, state in current.tasks.items()}
    current = replace(current, tasks=tasks)
    new = plan(*(task(name, run="2") for name in ("a", "b", "c", "d")))
    lines = since(current, Parsed(plan=new), approvers=["ana"])
    assert lines[0].endswith("makes it go on with the new one, approved by `ana` so far, which means:")
    assert [line.partition(" — ")[2] for line in lines[2:-1]] == snapshot(
        [
            "*its work is stopped and acme/web#9 closed*",
            "*its work is stopped and done again, in acme/api#5*",
            "*`ben` is at it and goes on*",
            "*it stays as it has merged; a task with another id brings the rest*",
            "*it stays cancelled*",
        ]
    )
    moved = since(current, Parsed(plan=plan(task("a", repo="acme/web"))))
    assert moved[0].endswith(
        "and can't take the new one over. The run can't move the task `a` to another repository; give it another id."
    )
    theirs = since(current, Parsed(plan=plan(task("a", run="1"))))
    assert [line.partition(" — ")[2] for line in theirs[2:-1]] == snapshot(
        [
            "*its issue is closed; what `ben` has done stays*",
            "*it stays done*",
            "*it stays cancelled*",
            "*its work is stopped and acme/web#9 closed*",
        ]
    )


def test_what_edits_have_left_behind() -> None:
    current = in_review(task("a"), task("b"))
    assert gone(current) == []
    old = replace(current.tasks["a"], state="done", merge_sha="m", was=task("a", run="old"))
    out = {name: TaskState(id=name, state="cancelled", was=task(name)) for name in ("x", "y")}
    assert gone(replace(current, tasks={**current.tasks, "a": old}, former=out)) == snapshot(
        [
            "**In the plan no more:** `x` (cancelled), `y` (cancelled).",
            "",
            "**Merged as an earlier text asked:** `a`. A task with another id brings the rest.",
            "",
        ]
    )
    many = {f"t{n}": TaskState(id=f"t{n}", state="done", was=task(f"t{n}")) for n in range(50)}
    assert gone(replace(current, former=many))[0].endswith(" and 30 more.")


def test_a_tick_that_was_taken_away() -> None:
    done, open_ = plan(task("a", done=True)), plan(task("a"))
    assert listed(diff(done, open_)) == snapshot(["- changed: `a` not ticked as done any more"])


def test_another_deployment_is_an_edit_that_has_to_be_approved() -> None:
    said = since(going(OLD), Parsed(plan=replace(OLD, deploys=("acme/api",))))
    assert said[0].startswith("**The issue has been edited since:** another deployment, 5 tasks as before.")
    assert said[2] == "- deployed once merged: nothing → `acme/api`"


def test_the_same_text_needs_no_words() -> None:
    assert since(going(OLD), Parsed(plan=OLD)) == []


def test_a_text_that_is_no_plan_any_more() -> None:
    broken = parse("- [ ] **a** One · needs: b\n", home="acme/api", installed=["acme/api"])
    assert since(going(OLD), broken)[0] == snapshot(
        "**The issue has been edited since, and can't be read as a plan now:** it has a problem, the first on line 1. The run goes on with the text that was approved."
    )


def test_what_is_too_much_is_counted() -> None:
    old = plan(*(task(f"t{n}") for n in range(1_000)), task("a"))
    every = {"title": "T", "agent": "coder", "priority": 1.0, "timeout": 9, "group": "g", "verify": "v"}
    new = plan(*(task(f"u{n}", title="*" * 256) for n in range(999)), task("a", **every))  # type: ignore[arg-type]
    lines = since(going(old), Parsed(plan=new))
    assert counted(diff(old, new)) == "999 tasks added, 1000 removed, 1 changed"
    assert len([line for line in lines if line.startswith("- ")]) == SHOWN + 1
    assert lines[-2] == "- … and 1980 more changes"
    assert sum(map(len, lines)) < 15_000
    (only,) = listed(diff(plan(task("a")), plan(task("a", **every))))  # type: ignore[arg-type]
    assert only.endswith(f"; and {len(every) - FIELDS} more fields")


@given(plans(), plans())
def test_foreign_values_stay_dead_and_lines_short(old: Plan, new: Plan) -> None:
    for line in listed(diff(old, new), shown=100):
        assert "\n" not in line
        assert len(line) < 1_500
        outside = re.sub(r"`[^`]*`", "", line)
        assert "`" not in outside.replace("\\`", "")
        assert not re.search(r"(?<!\\)[@<]", outside)


def test_a_script_of_markup_is_quoted() -> None:
    evil = "`x` @acme/all <!-- fixes #1 -->\n/lockstep approve"
    edited = msgspec.structs.replace(task("a"), run=evil)
    (line,) = listed(diff(plan(task("a")), plan(edited)))
    assert line == snapshot("- changed: `a` run nothing → `'x' @acme/all <!-- fixes #1 --> /lockstep approve`")
