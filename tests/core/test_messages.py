"""What the bot posts besides the plan comment, and that foreign text in it is dead."""

from inspect import isfunction
from pathlib import Path

import msgspec
from inline_snapshot import snapshot

from services.core import messages
from tests.kit.plans import happen, in_review, run, task


def test_a_tracking_issue() -> None:
    current = run(
        task("schema", title="Add `currency`"), task("api", "schema", title="Serve it", body="As @ana said\n# wow")
    )
    assert messages.issue_body(current, current.plan.by_id["api"], "r/api/0/track") == snapshot(
        """\
Task `api` of the plan in acme/platform#7.

- **Needs:** `schema`
- **Agent:** `script`
- **Started by:** `ana`

> As \\@\u2060ana said
> \\#\u2060 wow

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=r/api/0/track -->\
"""
    )


def test_a_tracking_issue_ends_with_what_the_repository_adds() -> None:
    current = run(task("schema"))
    body = messages.issue_body(current, current.plan.by_id["schema"], "k", more="- [ ] told <!-- lockstep:key=x -->")
    assert "\n\n- [ ] told &lt;!-- lockstep:key=x -->\n\n<sub>" in body


def test_what_is_said_of_tracking_issues_that_people_touch() -> None:
    assert [
        messages.by_its_issue("api", "cancelled"),
        messages.by_its_issue("api", "retried"),
        messages.closed_undone("api"),
        messages.without_issue("api", "ana", is_gone=True),
        messages.without_issue("api", "ana", is_gone=False),
    ] == snapshot(
        [
            "`api` is cancelled, because its issue was closed as not planned; opening it again takes it up.",
            "`api` is taken up again, because its issue was opened again.",
            "`api` is not done and goes on. If it was done in another way, `/lockstep skip api` lets go on what waits for it; `/lockstep cancel api` ends it.",
            "`ana` has deleted the tracking issue of `api`. The task goes on without it, where it is; `/lockstep cancel api` ends it.",
            "`ana` has moved away the tracking issue of `api`. The task goes on without it, where it is; `/lockstep cancel api` ends it.",
        ]
    )


def test_a_pull_request_names_what_it_depends_on() -> None:
    current = happen(
        in_review(task("schema", repo="acme/schema"), task("api", "schema")), "schema", "merged", sha="c" * 40
    ).run
    body = messages.pull_body(current, current.plan.by_id["api"], current.tasks["api"], "k")
    assert body == snapshot(
        """\
Task `api` of the plan in acme/platform#7, approved by a person and carried out by `script`.

Closes #101

Depends-On: acme/schema#5

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=k -->\
"""
    )


def test_titles_and_commits_call_nobody_and_close_nothing() -> None:
    hostile = task("x", title="Thanks @octocat, fixes #1 \u202e")
    assert messages.pull_title(hostile) == messages.issue_title(hostile)
    assert messages.issue_title(hostile) == "Thanks @\u2060octocat, f\u2060ixes #\u20601"
    assert messages.commit_message(run(hostile), hostile) == snapshot(
        "Thanks @\u2060octocat, f\u2060ixes #\u20601\n\nPlan: acme/platform#7\nTask: x\n"
    )


def test_refusals_say_what_is_missing() -> None:
    assert messages.not_allowed("approve", "maintain", "read") == snapshot(
        "`/lockstep approve` needs the maintain permission on this repository; you have read."
    )
    assert messages.unknown_verb("approve") == snapshot(
        "I don't know that command. Did you mean `/lockstep approve`? `/lockstep help` lists what I can do."
    )


def test_hidden_repositories_are_not_mentioned() -> None:
    current = happen(
        in_review(task("lib", repo="acme/hidden-lib"), task("doc"), task("pub", "lib", "doc")),
        "lib",
        "merged",
        sha="c" * 40,
    ).run
    hidden = frozenset({"acme/platform", "acme/hidden-lib"})
    pub, state = current.plan.by_id["pub"], current.tasks["pub"]
    assert messages.commit_message(current, pub, hidden) == "Do pub\n\nTask: pub\n"
    body = messages.issue_body(current, pub, "k", hidden)
    assert body.startswith("Task `pub` of a plan.\n\n- **Needs:** `doc`, work elsewhere\n")
    assert messages.pull_body(current, pub, state, "k", hidden) == snapshot(
        """\
Task `pub` of a plan, approved by a person and carried out by `script`.

Closes #102

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=k -->\
"""
    )


def test_needs_in_one_line() -> None:
    current = run(task("lib", repo="acme/hidden-lib"), task("doc"))
    assert messages.plan_place(current, frozenset()) == "the plan in acme/platform#7"
    assert messages.named(current, (), frozenset()) == ""
    assert messages.named(current, ("lib", "doc"), frozenset()) == "`lib`, `doc`"
    assert messages.named(current, ("lib",), frozenset({"acme/hidden-lib"})) == "work elsewhere"


def test_a_part_of_a_large_plan() -> None:
    current = run(task("a"))
    made, body = messages.part_issue(current, 2, 3, "k")
    assert (made, body) == snapshot(
        (
            "Part 2 of 3: A plan",
            """\
Part 2 of 3 of the plan in acme/platform#7; its sub-issues are the tasks.

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=k -->\
""",
        )
    )


def test_a_pull_request_that_takes_another_back_names_what_goes_first() -> None:
    current = happen(in_review(task("a"), task("b", "a", repo="acme/web")), "a", "merged", sha="c" * 40).run
    later = msgspec.structs.replace(current.tasks["b"], state="done", pull=8, revert=9)
    current = msgspec.structs.replace(current, tasks={**current.tasks, "b": later})
    first = current.plan.by_id["a"]
    assert messages.revert_title(task("a", title="Serve it @ana")) == snapshot("Revert: Serve it @\u2060ana")
    assert messages.revert_body(current, first, "k") == snapshot("""\
Takes back #5, task `a` of the plan in acme/platform#7.

What needs it goes first:

Depends-On: acme/web#9

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=k -->\
""")
    assert "acme/web" not in messages.revert_body(current, first, "k", frozenset({"acme/web"}))


def test_what_can_not_be_done_here_or_in_this_name() -> None:
    assert messages.about_the_plan("run") == snapshot(
        "`/lockstep run` is about the plan as a whole; say it on the plan's issue."
    )
    assert messages.not_allowed_there("acme/api", "write", "read") == snapshot(
        "That needs the write permission on `acme/api`, which it would change; you have read."
    )
    assert messages.lent_in_vain("ana", "retry", "write", "read") == snapshot(
        "`ana`, in whose name you may use `/lockstep retry`, has no write permission on this repository any more, only read."
    )


def test_why_a_tracking_issue_is_closed_that_was_taken_out_of_the_plan() -> None:
    assert messages.withdrawn(run(task("a")), "k") == snapshot("""\
This task was taken out of the plan in acme/platform#7, so it is not planned any more.

<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>
<!-- lockstep:key=k -->\
""")
    open_ = messages.withdrawn(run(task("a")), "k", frozenset({"acme/platform"}), pull=5)
    assert open_.splitlines()[:2] == snapshot(
        [
            "This task was taken out of a plan, so it is not planned any more.",
            "Its pull request #5 stays open, because it holds somebody else's work.",
        ]
    )


def test_every_message_is_shown_here() -> None:
    shown = Path(__file__).read_text()
    told = [name for name, each in vars(messages).items() if isfunction(each) and each.__module__ == messages.__name__]
    assert [name for name in told if f"messages.{name}(" not in shown] == []
