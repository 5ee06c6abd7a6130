"""Reading `repositories.yaml`: the two ways of writing it, every mistake with its line, and nothing that raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.reposet import NOTHING, Flow, Member, RepoSet
from services.core.reposet_read import ReadSet, read_set

LISTED = """\
repositories:
  - name: schema
    owner: acme
    repo: order-schema
  - name: backend
    owner: acme
    repo: backend-api
    primary: true
    agent: coder
    automation: {enabled: true, auto_deploy: false, depends_on: [schema], triggers: [docs]}
  - name: docs
    automation:
      enabled: false
cross_repo_workflows:
  - name: full-stack-feature
    repositories: [schema, backend]
    coordination: parallel
  - {name: short, repositories: [backend]}
inherit: true
"""
MAPPED = """\
repositories:
  schema: {repo: order-schema}
  backend:
    repo: backend-api
    primary: true
    agent: coder
    automation: {depends_on: [schema], triggers: [docs, docs]}
  docs: {automation: {enabled: false}}
cross_repo_workflows:
  - {name: full-stack-feature, repositories: [schema, backend], coordination: parallel}
  - {name: short, repositories: [backend, backend]}
inherit: true
"""
WHOLE = RepoSet(
    members=(
        Member(name="schema", repo="acme/order-schema"),
        Member(
            name="backend",
            repo="acme/backend-api",
            primary=True,
            agent="coder",
            depends_on=("schema",),
            triggers=("docs",),
        ),
        Member(name="docs", repo="acme/docs", enabled=False),
    ),
    flows=(
        Flow(name="full-stack-feature", repositories=("schema", "backend"), coordination="parallel"),
        Flow(name="short", repositories=("backend",)),
    ),
    inherit=True,
)


@pytest.mark.parametrize("text", [LISTED, MAPPED])
def test_a_list_and_a_mapping_are_one_form(text: str) -> None:
    assert read_set(text, "acme") == ReadSet(found=WHOLE, inherit=True)


@pytest.mark.parametrize("text", ["", "# nothing\n", "repositories:\n", "repositories: []\ncross_repo_workflows:\n"])
def test_a_file_that_says_nothing_is_a_set_of_nothing(text: str) -> None:
    assert read_set(text, "acme") == ReadSet(found=NOTHING, inherit=False)


def test_another_owner_can_be_named() -> None:
    found = read_set("repositories:\n  docs: {owner: other, repo: site}\n  web:\n", "acme").found
    assert found is not None
    assert [member.repo for member in found.members] == ["other/site", "acme/web"]


TWO = "repositories:\n  - name: a\n  - name: b\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("repository:\n", 1, "Did you mean `repositories`?"),
        ("- name: a\n", 1, "this is something else"),
        ("repositories: a\n", 1, "`repositories` is a list"),
        ("repositories:\n  - a\n", 2, "`a` is not a repository"),
        (
            "repositories:\n  - repo: a\n",
            2,
            "This repository has no `name`; begin with `- name: backend` with `repo: backend-api` under it.",
        ),
        ("repositories:\n  - name: a\n    primry: true\n", 3, "Did you mean `primary`?"),
        ("repositories:\n  - name: a\n    automation: {enable: false}\n", 3, "Did you mean `enabled`?"),
        ("repositories:\n  - name: a\n    automation: {enabled: perhaps}\n", 3, "write `true` or `false`"),
        ("repositories:\n  - name: a\n    automation: yes\n", 3, "write its keys below it"),
        ("repositories:\n  - name: a b\n", 2, "have no blanks"),
        (
            "repositories:\n  a b: {}\n",
            2,
            "`a b` can't be a short name; use letters, digits, `.`, `_` and `-`, at most 64 characters.",
        ),
        (
            "repositories:\n  a: {agent: script}\n",
            2,
            "A flow has no script to run; name another `agent`, or leave it out for a person.",
        ),
        ("repositories:\n  a: {name: b}\n", 2, "another `name`"),
        ("repositories:\n  - name: a\n    owner: ac/me\n", 3, "have no blanks"),
        ("repositories:\n  - name: a..b\n", 2, "can't be a short name"),
        (f"{TWO}  - name: A\n", 4, "already the name of the repository on line 2"),
        (f"{TWO}  - name: c\n    repo: B\n", 4, "`acme/B` is already here as `b`, on line 3"),
        ("repositories:\n  - {name: a, primary: true}\n  - {name: b, primary: true}\n", 3, "`a` is `primary` already"),
        (f"{TWO}    automation: {{depends_on: [b]}}\n", 4, "`b` names itself"),
        (f"{TWO}    automation: {{depends_on: [aa]}}\n", 4, "Did you mean `a`?"),
        (f"{TWO}    automation: {{triggers: [xyzzy]}}\n", 4, "add the repository, or remove the name"),
        ("cross_repo_workflows: x\n", 1, "`cross_repo_workflows` is a list"),
        ("cross_repo_workflows:\n  - name: f\n", 2, "it has no `repositories`; add it"),
        ("cross_repo_workflows:\n  - {name: f, repositories: []}\n", 2, "write at least 1 entry"),
        (f"{TWO}cross_repo_workflows:\n  - name: f\n    repositories: [a, c]\n", 6, "`c` is no repository"),
        (f"{TWO}cross_repo_workflows:\n  - name: f\n    repositories: [a]\n    coordination: serial\n", 7, "'serial'"),
        (
            f"{TWO}cross_repo_workflows:\n  - {{name: f, repositories: [a]}}\n  - {{name: F, repositories: [b]}}\n",
            6,
            "already the name of a flow",
        ),
        ("inherit: perhaps\n", 1, "write `true` or `false`"),
        ("repositories: [\n", 1, ""),
        ("repositories: !!python/object:os.system x\n", 1, "which settings don't use"),
        ("x" * 300_000, 0, "larger than"),
        ("repositories:\n" + "".join(f"  - name: r{n}\n" for n in range(501)), 502, "it can hold 500"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, line: int, said: str) -> None:
    read = read_set(text, "acme")
    assert read.found is None
    assert said in read.errors[0].message
    assert read.errors[0].line == line


def test_a_circle_is_named_with_all_its_members() -> None:
    text = (
        "repositories:\n  a: {automation: {depends_on: [b]}}\n  b: {automation: {depends_on: [c]}}\n"
        "  c:\n    automation:\n      depends_on:\n        - a\n"
    )
    (problem,) = read_set(text, "acme").problems
    assert problem.line == 2
    assert problem.message == snapshot(
        "These repositories wait for each other in a circle: `a` goes after `b` goes after `c` goes after `a`. Take one name out of these lists."
    )


def test_a_circle_of_many_names_some() -> None:
    text = "repositories:\n" + "".join(
        f"  r{n}: {{automation: {{depends_on: [r{(n + 1) % 30}]}}}}\n" for n in range(30)
    )
    (problem,) = read_set(text, "acme").problems
    assert problem.message == snapshot(
        "These repositories wait for each other in a circle: `r0` goes after `r1` goes after `r2` goes after `r3` goes after `r4` goes after `r5` goes after `r6` goes after `r7` goes after `r8` goes after `r9` goes after `r10` goes after `r11` goes after `r12` goes after `r13` goes after `r14` goes after `r15` goes after `r16` goes after `r17` goes after `r18` goes after `r19` goes after `r0` (10 more between them). Take one name out of these lists."
    )


def test_what_is_triggered_goes_after_what_triggers_it() -> None:
    text = "repositories:\n  a: {automation: {triggers: [b], depends_on: [b]}}\n  b:\n"
    (problem,) = read_set(text, "acme").problems
    assert "in a circle" in problem.message


def test_where_what_merges_is_deployed() -> None:
    read = read_set("repositories:\n  a:\n    automation:\n      auto_deploy: true\n", "acme")
    assert read.found is not None
    assert read.problems == ()
    assert [member.auto_deploy for member in read.found.members] == [True]


@pytest.mark.parametrize(
    ("text", "inherit"),
    [("inherit: true\nxyzzy: 1\n", True), ("xyzzy: 1\n", False), ("repositories: [\n", None), ("inherit: x\n", None)],
)
def test_whether_plans_take_the_order_is_known_as_far_as_the_file_can_be_read(text: str, inherit: bool | None) -> None:
    assert read_set(text, "acme").inherit is inherit


PIECES = [
    "repositories:\n",
    "  - name: a\n",
    "  b: {",
    "}",
    "depends_on: [a]",
    "automation: ",
    "\n",
    "- ",
    "inherit: true",
    "\x00",
    "é",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=30).map("".join))
def test_whatever_it_is_given_it_answers(text: str) -> None:
    read = read_set(text, "acme")
    assert (read.found is None) == bool(read.errors)
    assert all(0 <= problem.line <= text.count("\n") + text.count("\r") + 2 for problem in read.problems)


def test_the_dashboard_stands_in_one_of_the_repositories() -> None:
    read = read_set("dashboard: api\nrepositories: [{name: api, repo: backend}]\n", "acme")
    assert read.found is not None
    assert read.found.dashboard == "acme/backend"
    (wrong,) = read_set("dashboard: ape\nrepositories: [{name: api}]\n", "acme").problems
    assert (wrong.line, wrong.message) == (1, "`ape` is no name of a repository in this file.")


def test_who_has_another_mistake_is_not_unknown_for_that() -> None:
    text = (
        "dashboard: web\nrepositories:\n- {name: api, automation: {depends_on: [web]}}\n- {name: web, primary: maybe}\n"
    )
    flow = "cross_repo_workflows: [{name: all, repositories: [api, web]}]\n"
    assert [problem.line for problem in read_set(text + flow, "acme").problems] == [4]
