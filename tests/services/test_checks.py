"""What the check runs on a pull request say, and what they keep to themselves."""

from collections.abc import Callable

import msgspec
import pytest
from inline_snapshot import snapshot

import handlers.commands
from services.checks.gate import gate
from services.checks.plan import plan
from services.core.board import Run
from services.core.groups import Barrier
from services.core.report import BUTTONS, CheckReport
from services.core.task_state import Override, TaskState
from tests.kit.plans import happen, in_review, task

OPEN: frozenset[str] = frozenset()
HIDDEN = frozenset({"acme/platform", "acme/hidden-lib"})


def test_the_gate_waits_and_then_passes() -> None:
    waiting = in_review(task("lib", repo="acme/hidden-lib"), task("pub", "lib"))
    report = gate(waiting, waiting.tasks["pub"], OPEN)
    assert (report.status, report.title, report.summary) == (
        "in_progress", "Waits for what it needs", "Not merged yet: `lib`."
    )  # fmt: skip
    merged = happen(waiting, "lib", "merged", sha="c" * 40).run
    report = gate(merged, merged.tasks["pub"], OPEN)
    assert (report.conclusion, report.summary) == ("success", "- `lib` acme/hidden-lib#5 as cccccccccc")


def test_the_gate_of_what_an_earlier_text_asked_for_waits_for_another_attempt() -> None:
    current = in_review(task("a", run="new"))
    old = msgspec.structs.replace(current.tasks["a"], was=task("a", run="old"))
    report = gate(current, old, OPEN)
    assert (report.status, report.conclusion, report.title, report.summary) == (
        "in_progress",
        "",
        "The plan asks for something else now",
        "What stands here was made of an earlier text of the plan. The next attempt takes its place.",
    )


def test_the_gate_once_nothing_is_missing() -> None:
    begun = in_review(task("lib"), task("old", done=True), task("pub", "lib", "old"))
    assert gate(begun, begun.tasks["lib"], OPEN).summary == "This task needs no other task."
    lifted = Override(kind="need", name="lib", sha="a" * 40, actor="ana", why="it is urgent")
    pub = msgspec.structs.replace(begun.tasks["pub"], head_sha="a" * 40, overrides=(lifted,))
    report = gate(begun, pub, OPEN)
    assert (report.conclusion, report.title, report.summary) == snapshot(
        (
            "success",
            "What has not merged was overridden",
            """\
- `lib` has not merged
- `old` was done before the run

**Overridden:**
- need `lib` does not count for aaaaaaa, says `ana`: it is urgent\
""",
        )
    )


def test_neither_check_mentions_a_hidden_repository() -> None:
    waiting = in_review(task("lib", repo="acme/hidden-lib"), task("doc"), task("pub", "lib", "doc"))
    merged = happen(waiting, "lib", "merged", sha="c" * 40).run
    done = happen(merged, "doc", "skipped").run
    for current in (waiting, merged, done):
        for check in (gate, plan):
            report = check(current, current.tasks["pub"], HIDDEN)
            assert "hidden-lib" not in report.summary + report.title
            assert "`lib`" not in report.summary
            assert "platform" not in report.summary
    assert gate(waiting, waiting.tasks["pub"], HIDDEN).summary == "Not merged yet: `doc`, work elsewhere."
    assert gate(done, done.tasks["pub"], HIDDEN).summary.endswith("\n- work elsewhere")


@pytest.mark.parametrize("check", [gate, plan])
def test_buttons_fit_and_are_commands(check: Callable[[Run, TaskState, frozenset[str]], CheckReport]) -> None:
    """GitHub's limits: three, with 20, 40 and 20 characters; each stands for a command about one task."""
    handlers.commands.load()
    current = in_review(task("one"))
    buttons = check(current, current.tasks["one"], OPEN).buttons
    assert 0 < len(buttons) <= 3
    for button in buttons:
        assert button.identifier in BUTTONS
        entry = handlers.commands.COMMANDS.get(button.identifier)
        assert entry is not None
        assert entry.about == "tasks"
        assert len(button.label) <= 20
        assert len(button.description) <= 40
        assert len(button.identifier) <= 20


def test_the_gate_of_a_group_says_who_is_missing_but_no_hidden_repository() -> None:
    group = [task(name, repo=f"acme/{name}", group="release") for name in ("pub", "hidden-lib", "doc")]
    current = in_review(*group)
    shown = gate(current, current.tasks["pub"], OPEN)
    assert (shown.status, shown.title) == ("in_progress", "Waits for all 2 others in its group")
    assert shown.summary == snapshot("""\
The group `release` merges together, once all of it is ready.

- `hidden-lib`: running
- `doc`: running\
""")
    for rest, title in (
        (["pub", "doc"], "Waits for the other one in its group"),
        (["pub", "hidden-lib", "doc"], "Waits for 1 of the 2 others in its group"),
    ):
        part = in_review(*[each for each in group if each.id in rest])
        if len(rest) > 2:
            part.tasks["doc"] = msgspec.structs.replace(part.tasks["doc"], state="skipped")
        assert gate(part, part.tasks["pub"], OPEN).title == title
    report = gate(current, current.tasks["pub"], HIDDEN)
    assert "hidden-lib" not in report.summary + report.title
    assert report.summary.endswith("- `doc`: running\n- work elsewhere")
    let_go = msgspec.structs.replace(current, barriers={"release": Barrier(phase="complete")})
    report = gate(let_go, let_go.tasks["pub"], OPEN)
    assert (report.conclusion, report.title, report.summary) == snapshot(
        (
            "success",
            "Its group is let through",
            "The group `release` is complete. It merges one after another, in the order of its needs.",
        )
    )
    back = msgspec.structs.replace(current, barriers={"release": Barrier(phase="reverting")})
    report = gate(back, back.tasks["pub"], OPEN)
    assert (report.status, report.title, report.summary) == snapshot(
        (
            "in_progress",
            "Its group is taken back",
            "A pull request of the group `release` could not be merged, or somebody took it back. Nothing more of it is merged.",
        )
    )
    last = in_review(task("pub", group="release"), task("doc", group="release", done=True))
    report = gate(last, last.tasks["pub"], OPEN)
    assert (report.status, report.title) == ("in_progress", "Its group waits for it")


def test_what_the_plans_check_says() -> None:
    current = in_review(task("pub", title="Publish @all"), task("doc", done=True))
    report = plan(current, current.tasks["pub"], OPEN)
    assert (report.conclusion, report.title, report.summary) == snapshot(
        (
            "neutral",
            "1 of 2 tasks done",
            """\
Task `pub` (Publish \\@\u2060all) of the plan in acme/platform#7, attempt 1.

1 of 2 tasks are done.\
""",
        )
    )


def test_what_their_buttons_say() -> None:
    current = in_review(task("pub"))
    told = [
        (each.label, each.description)
        for check in (gate, plan)
        for each in check(current, current.tasks["pub"], OPEN).buttons
    ]
    assert told == snapshot(
        [
            ("Merge now", "Merge it if nothing else is missing"),
            ("Update branch", "Merge the base branch into it"),
            ("Explain", "Say what holds it back, in a comment"),
            ("Retry", "Start the failed task again"),
            ("Hold", "Neither start nor merge this task"),
            ("Resume", "Go on with this task after a hold"),
        ]
    )
