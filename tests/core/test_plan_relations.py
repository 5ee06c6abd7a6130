"""Plans of sub-issues: how tasks, needs and groups come from relations, and where problems are said to be."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.parse import parse
from services.core.plan import Parsed, Plan
from services.core.plan_relations import Blocker, SubIssue, are_named, read_relations, settled
from tests.kit.plans import NOW, run

HOME = "acme/api"


def sub(number: int, title: str = "", body: str = "", *, by: tuple[int, ...] = (), repo: str = HOME, is_open: bool = True,
        children: tuple[int, ...] = ()) -> SubIssue:  # fmt: skip
    return SubIssue(
        repo=repo,
        number=number,
        title=title or f"Do {number}",
        body=body,
        is_open=is_open,
        blockers=tuple(Blocker(repo=HOME, number=n, is_open=True, name=f"{HOME}#{n}") for n in by),
        children=tuple((HOME, n) for n in children),
    )


def read(*subs: SubIssue, left_out: int = 0) -> Parsed:
    return read_relations("A plan", subs, home=HOME, installed=(HOME, "acme/web"), left_out=left_out)


def whole(*subs: SubIssue) -> Plan:
    parsed = read(*subs)
    assert parsed.plan is not None, parsed.problems
    return parsed.plan


def said(*subs: SubIssue, left_out: int = 0) -> list[str]:
    parsed = read(*subs, left_out=left_out)
    assert parsed.plan is None
    assert all(problem.line == 0 for problem in parsed.problems)
    return [problem.message for problem in parsed.errors]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("Plan: sub-issues", True), ("Words\n\nplan: `sub-issues`\nmore", True), ("Plan: sub-issues please", False),
        ("> Plan: sub-issues", False), ("```\nPlan: sub-issues\n```", False), ("", False),
    ],
)  # fmt: skip
def test_how_an_issue_says_so(body: str, named: bool) -> None:
    assert are_named(body) is named


def test_each_sub_issue_is_a_task_and_what_blocks_it_is_what_it_needs() -> None:
    block = "```lockstep\nid: schema\nrun: make schema\npaths: [api/**]\npriority: 3\n```"
    plan = whole(sub(5, "Add a field", f"Why.\n\n{block}\n\nHow."), sub(7, "Show it", by=(5,), repo="acme/web"))
    schema, show = plan.tasks
    assert (schema.id, schema.title, schema.repo, schema.issue, schema.needs) == ("schema", "Add a field", HOME, 5, ())
    assert (schema.run, schema.paths, schema.priority) == ("make schema", ("api/**",), 3.0)
    assert schema.body == "Why.\n\n\nHow."
    assert (show.id, show.repo, show.issue, show.needs, show.line) == ("web-7", "acme/web", 7, ("schema",), 0)


@pytest.mark.parametrize("opening", ["```lockstep", "  ````  lockstep more", "~~~LockStep", "~~~\u00a0lockstep\t"])
def test_a_block_may_be_fenced_in_any_way(opening: str) -> None:
    closing = opening.strip()[:3] + "`" * opening.count("````")
    (task,) = whole(sub(5, body=f"<!-- unseen -->Why.\n\n{opening}\nid: schema\n{closing}")).tasks
    assert (task.id, task.body) == ("schema", "Why.")


def test_the_same_tasks_as_a_list_differ_only_in_their_issues() -> None:
    plan = whole(sub(5, "Write", "```lockstep\nid: one\nrun: make\n```"), sub(6, "More", by=(5,)))
    listed = parse(
        "# A plan\n- [ ] **one** Write · run: make\n- [ ] **api-6** More · needs: one", home=HOME, form="issue"
    ).plan
    assert listed is not None
    assert plan.hash != listed.hash
    bare = tuple(msgspec.structs.replace(task, issue=0) for task in plan.tasks)
    assert Plan(title="A plan", tasks=bare).hash == listed.hash


def test_a_closed_one_is_done() -> None:
    assert [task.done for task in whole(sub(1, is_open=False), sub(2)).tasks] == [True, False]


def test_a_group_stands_for_all_its_tasks() -> None:
    plan = whole(
        sub(1, children=(3, 4)), sub(2, by=(1,)), sub(3, by=(5,)), sub(4), sub(5, children=(6,), by=(4,)), sub(6)
    )
    assert {task.id: task.needs for task in plan.tasks} == {
        "api-2": ("api-3", "api-4"),
        "api-3": ("api-6",),
        "api-4": (),
        "api-6": ("api-4",),
    }


WITH_GITHUB = ("needs", "nedes", "depends_on", "title", "repo", "body", "done", "prioritty")


def test_problems_name_the_sub_issue_and_its_line() -> None:
    (message,) = said(sub(1, body="Words.\n\n```lockstep\nrun: make\ntimeout: never\n```"))
    assert message.startswith("`acme/api#1`, line 5: ")
    assert "`never`" in message
    (message,) = said(sub(1, body="```lockstep\nneeds: [a]\n```"))
    assert message.startswith("`acme/api#1`, line 2: `needs` is not a key of a `lockstep` block.")
    ends = [said(sub(1, body=f"```lockstep\n{key}: a\n```"))[0].partition("block. ")[2] for key in WITH_GITHUB]
    assert ends == snapshot(
        [
            "What the task needs is what blocks its issue on GitHub.",
            "What the task needs is what blocks its issue on GitHub.",
            "What the task needs is what blocks its issue on GitHub.",
            "The title of the issue is the task's.",
            "The task is done in the repository of its issue.",
            "The text of the issue around the block is the task's.",
            "A closed issue is done.",
            "Did you mean `priority`?",
        ]
    )
    (message,) = said(sub(1, body="```lockstep\n- a\n```"))
    assert message.startswith("`acme/api#1`, line 2: ")
    (message,) = said(sub(1, body="```lockstep\nid: a\n```\n```lockstep\nid: b\n```"))
    assert message == "`acme/api#1`, line 4: A second `lockstep` block starts here; keep one."
    (message,) = said(sub(1, body="```lockstep\nid: a\n```"), sub(2, body="x\n```lockstep\nid: A\n```"))
    assert message == (
        "`acme/api#2`, line 3: `A` is already the id of the task in `acme/api#1` (upper and lower case count as the "
        "same); rename one of them."
    )
    (message,) = said(sub(1, repo="acme/gone"))
    assert message.startswith("`acme/gone#1`: Lockstep is not installed on `acme/gone`")


def test_circles_are_named() -> None:
    (message,) = said(sub(1, by=(2,)), sub(2, by=(3,)), sub(3, by=(1,)))
    assert "in a circle" in message
    assert {"`api-1`", "`api-2`", "`api-3`"} <= set(message.replace(".", " ").split())
    (message,) = said(sub(1, children=(2,), by=(2,)), sub(2))
    assert "`api-2` needs itself" in message


def test_what_blocks_from_outside_can_not_be_waited_for() -> None:
    (message,) = said(sub(1, by=(9,)))
    assert message == (
        "`acme/api#1` is blocked by `acme/api#9`, which is no sub-issue here; make that a sub-issue too, or remove the "
        "relation."
    )
    closed = Blocker(repo=HOME, number=9, is_open=False, name="acme/api#9")
    assert whole(msgspec.structs.replace(sub(1), blockers=(closed,))).tasks[0].needs == ()
    hidden = Blocker(repo="acme/secret", number=9, is_open=True)
    (message,) = said(msgspec.structs.replace(sub(1), blockers=(hidden,)))
    assert message == (
        "`acme/api#1` is blocked by an issue elsewhere; make that a sub-issue too, or remove the relation."
    )


def test_bounds() -> None:
    assert said() == ["This issue has no sub-issue; add one for each task, or write the tasks here."]
    assert said(*(sub(n) for n in range(1, 1_002))) == ["A plan has at most 1,000 tasks; split it into several plans."]
    (message,) = said(*(sub(n, body="x" * 60_000) for n in range(1, 19)))
    assert "1,000,000 bytes" in message
    short = "-\n" * 9_000
    assert whole(sub(1, body=short), sub(2, body=short))
    (message,) = said(
        sub(1, body=short),
        *(sub(n, body=f"{short}{end}") for n, end in enumerate(("<!-- a", "~~~\u00a0 Lockstep", "```lockstep"), 2)),
    )
    assert message == (
        "The sub-issues have more than 20,000 lines in those with a `lockstep` block or a comment; split them into "
        "several plans."
    )
    (message,) = said(sub(1), left_out=2)
    assert message.startswith("2 sub-issues lie in private ones that not everybody who reads this issue")


def test_what_a_run_closes_is_no_edit() -> None:
    before = whole(sub(1), sub(2, by=(1,)))
    live = msgspec.structs.replace(run(*before.tasks), plan=before)
    now = read(sub(1, is_open=False), sub(2, by=(1,)))
    kept = settled(now, live)
    assert kept.plan is not None
    assert kept.plan.hash == before.hash
    over = msgspec.structs.replace(live, state="failed", finished_at=NOW)
    again = settled(now, over)
    assert again.plan is not None
    assert again.plan.hash == before.hash
    # Once something else has changed too, the next run leaves out what is closed; one that goes on doesn't.
    more = read(sub(1, is_open=False), sub(2, by=(1,)), sub(3))
    for current, done in ((over, True), (live, False), (None, True)):
        found = settled(more, current).plan
        assert found is not None
        assert found.by_id["api-1"].done is done


@given(
    st.lists(
        st.builds(
            lambda number, title, body, by, children, is_open, repo: sub(
                number, title, body, by=tuple(by), children=tuple(children), is_open=is_open, repo=repo
            ),
            st.integers(1, 6),
            st.text(max_size=20),
            st.text(max_size=40) | st.just("```lockstep\nid: a\ntimeout: x\n```"),
            st.lists(st.integers(1, 7), max_size=3),
            st.lists(st.integers(1, 6), max_size=2),
            st.booleans(),
            st.sampled_from([HOME, "acme/web", "acme/..", "x"]),
        ),
        max_size=6,
        unique_by=lambda each: each.place,
    )
)
def test_any_relations_are_read(subs: list[SubIssue]) -> None:
    parsed = read(*subs)
    assert (parsed.plan is None) == bool(parsed.errors)
    assert all(task.line == 0 and task.issue for task in parsed.tasks)
