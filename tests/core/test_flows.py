"""A flow as a plan: who waits for whom, that the text reads as it was meant, and what can't stand in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core import graph
from services.core.flows import flow_comment, members_of, needs_of, planned, standing_of_flow
from services.core.plan_text import clean_block
from services.core.reposet import Coordination, Flow, Member, RepoSet
from services.errors import UserError

SET = RepoSet(
    members=(
        Member(name="web", repo="acme/web", depends_on=("api",), triggers=("site", "docs")),
        Member(name="schema", repo="acme/schema"),
        Member(name="lib", repo="acme/lib", depends_on=("schema",)),
        Member(name="api", repo="acme/api", depends_on=("lib",), triggers=("docs",), agent="coder", primary=True),
        Member(name="docs", repo="acme/docs", depends_on=("site",)),
        Member(name="site", repo="acme/site"),
    )
)


def flow(*names: str, coordination: Coordination = "sequential") -> Flow:
    return Flow(name="feature", repositories=names, coordination=coordination)


def test_one_after_the_other_in_an_order_that_depends_on_allows() -> None:
    assert needs_of(SET, flow("schema", "lib")) == {"schema": (), "lib": ("schema",)}
    assert needs_of(SET, flow("lib", "schema")) == {"schema": (), "lib": ("schema",)}
    assert [member.name for member in members_of(SET, flow("api", "site", "schema"))[0]] == ["site", "schema", "api"]


def test_in_parallel_only_what_depends_on_something_waits_for_it() -> None:
    needs = needs_of(SET, flow("api", "schema", "site", coordination="parallel"))
    assert needs == {"site": (), "schema": (), "api": ("schema",), "docs": ("api", "site")}


def test_what_is_triggered_has_a_follow_up_behind_all_that_trigger_it() -> None:
    needs = needs_of(SET, flow("web", "api", coordination="parallel"))
    assert needs == {"api": (), "web": ("api",), "docs": ("api", "web", "site"), "site": ("web",)}


def test_what_is_triggered_and_in_the_flow_has_one_task() -> None:
    assert needs_of(SET, flow("api", "docs")) == {"api": (), "docs": ("api",)}


def test_the_plan_of_a_flow() -> None:
    text, plan = planned(
        SET, flow("schema", "api"), "Show the *currency*: #12", "As people asked.\n\n- [ ] in orders  \n"
    )
    assert text == snapshot("""\
title: 'Show the *currency*: #12'
defaults:
  body: |-
    As people asked.

    - [ ] in orders
tasks:
- id: schema
  title: 'Show the *currency*: #12'
  repo: acme/schema
  agent: human
- id: api
  title: 'Show the *currency*: #12'
  repo: acme/api
  agent: coder
  needs:
  - schema
  priority: 1
- id: docs
  title: 'Follow up: Show the *currency*: #12'
  repo: acme/docs
  agent: human
  needs:
  - api
""")
    assert [(task.id, task.agent, task.priority) for task in plan.tasks] == [
        ("schema", "human", 0.0),
        ("api", "coder", 1.0),
        ("docs", "human", 0.0),
    ]
    assert {task.body for task in plan.tasks} == {"As people asked.\n\n- [ ] in orders"}


MARKED = "The issue holds a mark of Lockstep's own, `<!-- lockstep:…`; take it out of the text."


@pytest.mark.parametrize(
    ("title", "body", "said"),
    [
        ("A", "x" * 20_001, "The issue has more than 20,000 characters, which no task can hold; shorten it."),
        ("A", "<!-- lockstep:key=a/b -->", MARKED),
        ("A <!--LOCKSTEP:x", "", MARKED),
    ],
)
def test_what_cannot_stand_in_a_plan_is_refused(title: str, body: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        planned(SET, flow("schema"), title, body)
    assert str(refused.value) == said


def test_a_plan_that_would_be_too_long_is_refused() -> None:
    many = RepoSet(members=tuple([Member(name=f"r{n}", repo=f"acme/r{n}") for n in range(150)]))
    with pytest.raises(UserError) as refused:
        planned(many, flow(*many.by_name), "A" * 256, "x" * 20_000)
    assert str(refused.value) == (
        "The issue's text can't stand in a plan as it is; write a plan into the issue instead."
    )


@given(st.text(max_size=200), st.text(max_size=400))
def test_whatever_an_issue_says_its_plan_says_that_or_it_is_refused(title: str, body: str) -> None:
    try:
        _, plan = planned(SET, flow("schema", "lib"), title, body)
    except UserError:
        return
    assert [task.body for task in plan.tasks] == [clean_block(body)] * 2


NAMES = [member.name for member in SET.members]


@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), st.sampled_from(["sequential", "parallel"]))
def test_each_flow_comes_to_an_end_and_goes_by_what_depends_on_what(
    names: list[str], coordination: Coordination
) -> None:
    needs = needs_of(SET, flow(*names, coordination=coordination))
    assert graph.knots(needs) == []
    assert set(names) <= set(needs)
    for name in names:
        assert set(SET.before(name, names)) <= graph.reach(needs, name)


def test_its_comment() -> None:
    text, _ = planned(SET, flow("schema"), "A ``` title @ana", "Closes #1 ````")
    assert flow_comment(text, flow="feature", actor="ana", key="draft/acme/api/1/1") == snapshot("""\
### The plan of a flow

`ana` has asked for the flow `feature` on this issue. Nothing of it has been started. What is approved is exactly this text, also when the issue is edited later: `/lockstep approve` (needs maintain permission), then `/lockstep run`. To change it, put the block into the issue with your changes: a plan there takes the place of this one. `/lockstep run flow=feature` makes it anew.

`````yaml
title: A ``` title @ana
defaults:
  body: 'Closes #1 ````'
tasks:
- id: schema
  title: A ``` title @ana
  repo: acme/schema
  agent: human
`````

<sub>Made by Lockstep from the issue and the flow, as they were when it was asked for.</sub>
<!-- lockstep:key=draft/acme/api/1/1 -->\
""")


def test_what_the_plan_comment_says_of_it() -> None:
    assert [
        standing_of_flow(state, flow="feature", actor="ana", why="the issue is gone.")
        for state in ("written", "posted", "failed")
    ] == snapshot(
        [
            "`ana` has asked for the flow `feature`; its plan comes as a comment of its own.",
            "`ana` has asked for the flow `feature`; its plan stands in a comment of its own. A plan in the issue takes its place.",
            "`ana` has asked for the flow `feature`, and it came to nothing: the issue is gone. `/lockstep run flow=feature` asks again.",
        ]
    )
