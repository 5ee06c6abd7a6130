"""What the bot posts besides the plan comment, and that foreign text in it is dead."""

import importlib
import pkgutil
from inspect import isfunction
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from inline_snapshot import snapshot

from services.core import messages
from tests.kit.constants import constants
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
    many = run(*(task(f"t{n}") for n in range(102)))
    assert messages.named(many, tuple(many.tasks), frozenset()).endswith("`t98`, `t99`, 2 more")


def test_bodies_fit_however_much_a_task_says_and_needs() -> None:
    """GitHub refuses more than 65,536 characters."""
    needs = [f"{'a' * 60}{n:03}" for n in range(999)]
    long = "@" * 500
    last = task("last", *needs, agent="copilot", body="\n".join([long] * 40), prompt="\n".join([long] * 40))
    current = run(*(task(need, repo=f"acme/{'r' * 90}") for need in needs), last)
    opened = {need: msgspec.structs.replace(current.tasks[need], pull=7, revert=8) for need in needs}
    current = msgspec.structs.replace(current, tasks={**current.tasks, **opened})
    first = current.plan.by_id[needs[0]]
    after = [task(need, first.id, repo=f"acme/{'r' * 90}") for need in needs[1:]]
    back = msgspec.structs.replace(run(first, *after), tasks=opened)
    for body in (
        messages.issue_body(current, last, "k", more="x" * 4_000),
        messages.pull_body(current, last, current.tasks["last"], "k"),
        messages.revert_body(back, first, "k"),
    ):
        assert len(body) <= 65_536
        assert body.endswith("<!-- lockstep:key=k -->")


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


def test_what_is_said_in_the_same_words_everywhere() -> None:
    assert constants(messages) == snapshot(
        {
            "FOOT": "<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>",
            "MADE": "<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>",
        }
    )


def _modules() -> list[ModuleType]:
    found = pkgutil.iter_modules(messages.__path__, f"{messages.__name__}.")
    return [messages, *(importlib.import_module(each.name) for each in found)]


@pytest.mark.parametrize("module", _modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_message_is_shown_in_a_test(module: ModuleType) -> None:
    name = module.__name__.rpartition(".")[2]
    shown = Path(__file__).with_name(f"test_{name}.py").read_text()
    told = [each for each, what in vars(module).items() if isfunction(what) and what.__module__ == module.__name__]
    wanted = [f"{name}.{each}(" for each in told if not each.startswith("_")]
    wanted += [f"constants({name})"] if constants(module) else []
    assert [each for each in wanted if each not in shown] == []


def test_copilot_reads_in_the_issue_what_other_agents_are_told_elsewhere() -> None:
    asked = {"prompt": "Ask @team\nfirst", "verify": "make `check`"}
    for agent, is_told in (("copilot", True), ("coder", False)):
        current = run(task("one", agent=agent, **asked))
        body = messages.issue_body(current, current.plan.by_id["one"], "k")
        assert ("> Ask \\@\u2060team\n> first" in body) == is_told
        assert ("Has to succeed afterwards: `make 'check'`" in body) == is_told
