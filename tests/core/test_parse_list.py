"""parse_list: one line of a task list, and what stands under it."""

import pytest

from services.core.parse import parse
from services.core.plan import Task
from tests.core.drawn import HOME, accepted, found, read


def one(text: str) -> Task:
    (task,) = accepted(text).tasks
    return task


def test_every_field() -> None:
    task = one(
        "* [X] **a.1** Do it (acme/api) · paths: `src/**`, docs/ · agent: coder · priority: 2 · timeout: 1h"
        " · group: g · verify: `a · b` · rollback: undo (it) · run: make · prompt: say · budget: $3 · model: v/m"
    )
    assert task == Task(
        id="a.1",
        title="Do it",
        repo="acme/api",
        paths=("src/**", "docs/**"),
        agent="coder",
        priority=2.0,
        timeout=3600,
        group="g",
        verify="a · b",
        rollback="undo (it)",
        run="make",
        prompt="say",
        budget="3",
        model="v/m",
        done=True,
        line=1,
    )


@pytest.mark.parametrize(
    ("head", "title", "repo"),
    [
        ("Title", "Title", HOME),
        ("Title (acme/api)", "Title", "acme/api"),
        ("Title (ACME/Api)", "Title", "acme/api"),
        ("Title ( acme/api ) ", "Title", "acme/api"),
        ("Take (RFC 8628) (acme/api)", "Take (RFC 8628)", "acme/api"),
        ("Fix (acme/api) soon", "Fix soon", "acme/api"),
        ("Fix it (acme/api).", "Fix it.", "acme/api"),
        ("Rename (old) things", "Rename (old) things", HOME),
        ("Call next()", "Call next()", HOME),
        ("Call `next (it)`", "Call `next (it)`", HOME),
        ("Call next(it)", "Call next(it)", HOME),
        ("See [notes](acme/api)", "See [notes](acme/api)", HOME),
        ("See [notes](a/b) (acme/api)", "See [notes](a/b)", "acme/api"),
        (": Title (acme/api)", "Title", "acme/api"),
        ("Open ( (acme/api)", "Open (", "acme/api"),
        ("a·b (acme/api)", "a·b", "acme/api"),
        ("`a · b` (acme/api)", "`a · b`", "acme/api"),
        ("Title\u00a0(acme/api)\u00a0·\u00a0priority: 1", "Title", "acme/api"),
        ("Title <!-- (acme/web) --> (acme/api) <!-- · needs: x -->", "Title", "acme/api"),
    ],
)
def test_title_and_repository(head: str, title: str, repo: str) -> None:
    task = one(f"- [ ] **a** {head}")
    assert (task.title, task.repo) == (title, repo)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("- [ ] **a** T (x)", [("unknown_repo", 1)]),
        ("- [ ] **a** T (acme api)", [("unknown_repo", 1)]),
        ("- [ ] **a** T (acme/api, acme/web)", [("unknown_repo", 1)]),
        ("- [ ] **a** T (acme/api) · ", []),
        ("- [ ] **a** T · · needs:", [("unknown_key", 1)]),
        ("- [ ] **a** T · needs a", [("unknown_key", 1)]),
        ("- [ ] **a** T · needs: a", [("self_dependency", 1)]),
        ("- [ ] **a b** T", [("bad_id", 1)]),
        ("- [ ] **a T", [("missing_field", 1), ("bad_id", 1)]),
        ("- [ ] ****", [("empty", 0)]),
        ("- [ ] **a**", [("missing_field", 1)]),
        ("- [ ] **a** T (acme/api)· needs: b", [("looks_like_field", 1)]),
        ("- [ ] **a** T, needs: b", [("looks_like_field", 1)]),
        ("- [ ] **a** T · verify: make; timeout: 3", [("looks_like_field", 1)]),
        ("- [ ] **a** Say what `needs: b` means", []),
        ("- [ ] ***a*** T", [("empty", 0), ("looks_like_task", 1)]),
    ],
)
def test_problems(text: str, problems: list[tuple[str, int]]) -> None:
    assert found(text) == problems


def test_places_point_at_the_text() -> None:
    line = "- [ ] **a** T (acme/nope) · needs: x,  `y` · timeout:  soon · zzz: 1 · paths: ok, /no"
    wrong = {problem.column for problem in read(f"- note\n\n  {line}").errors}
    assert wrong == {line.index(text) + 3 for text in ("acme/nope", "x,", "y`", "soon", "zzz")} | {
        line.index(", /no") + 5
    }


def test_fields_may_go_on_in_lines_that_begin_with_a_dot() -> None:
    task = one(
        "- [ ] **a** T (acme/api)\n      · priority: 1\n  · timeout: 1h ·\n  agent: coder\nmore\n  · group: text"
    )
    assert (task.priority, task.timeout, task.agent, task.group) == (1.0, 3600, "coder", "")
    assert task.body == "more\n· group: text"


def test_what_stands_under_a_task_is_its_body() -> None:
    text = (
        "- [ ] **a** A (acme/api)\n  first <!-- hidden -->\n\n  - note\n      deeper\n\n"
        "  - [ ] **b** B (acme/api) · needs: a\n    of b\n\n  of a again\n\nnot of a\n"
    )
    a, b = accepted(text).tasks
    assert a.body == "first\n\n- note\n    deeper\n\nof a again"
    assert (b.body, b.line) == ("of b", 7)


def test_a_body_given_twice_is_a_problem() -> None:
    assert found("- [ ] **a** A · body: x\n  y") == [("duplicate_key", 2)]


def test_sec_15_only_what_a_reader_sees_is_a_task() -> None:
    text = "> - [ ] **a** A\n\n    - [ ] **b** B\n\n`- [ ] **c** C`\n\n"
    text += "<!--\n- [ ] **d** D\n-->\n\n~~~\n- [ ] **e** E\n~~~\n"
    assert found(text) == [("empty", 0)]
    assert [task.id for task in accepted(f"{text}\r\n- [ ] **f** F\u200b").tasks] == ["f"]


def test_values_are_counted_over_all_tasks_and_words_of_a_body_are_none() -> None:
    many = "a," * 30_000
    two = f"- [ ] **a** A (a/b) · needs: {many}\n- [ ] **b** B (a/b) · paths: {many}\n"
    assert [(each.kind, each.line) for each in parse(two, home=HOME).problems] == [("too_large", 2)]
    assert parse(f"- [ ] **a** A\n\n  {'a, ' * 5_000}\n", home=HOME).plan is not None


def test_a_title_that_is_far_too_long_is_not_looked_through() -> None:
    (problem,) = parse(f"- [ ] **a** {'`a` ' * 5_000} (a/c)\n", home=HOME).problems
    assert problem.kind == "title_too_long"
