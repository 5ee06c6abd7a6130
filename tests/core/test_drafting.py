"""What of a model's answer is taken as a plan, and how that is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.drafting import (
    MAX_ANSWER,
    MOST_TASKS,
    block,
    draft_comment,
    is_ordinary,
    judge,
    replaced_comment,
    same_text,
    standing,
)
from services.core.parse import parse
from services.core.plan import Plan
from services.core.plan_render import render_yaml
from tests.core.drawn import plans
from tests.kit.harmless import Text, hazards

GOOD = """\
title: Greetings
tasks:
  - id: hello
    title: Greet people
    run: echo hello > hello.txt
  - id: bye
    title: Say goodbye
    repo: acme/web
    needs: [hello]
    run: echo bye > bye.txt
"""
LONG = "".join(f"    {key}: {'x' * 19_000}\n" for key in ("body", "prompt", "verify"))
REPOS = ("acme/api", "acme/web")


def judged(answer: str) -> tuple[str, tuple[str, ...]]:
    found = judge(answer, home="acme/api", repos=REPOS, agents=("script",), title="The issue")
    assert bool(found.text) == bool(found.hash) == (not found.problems)
    return found.text, found.problems


@pytest.mark.parametrize("answer", [GOOD, f"Sure!\n\n```yaml\n{GOOD}```\nAnything else?", f"```\n{GOOD}```"])
def test_a_plan_is_found_in_the_answer_and_written_anew(answer: str) -> None:
    text, problems = judged(answer)
    assert problems == ()
    assert text == snapshot("""\
title: Greetings
tasks:
- id: hello
  title: Greet people
  repo: acme/api
  run: echo hello > hello.txt
- id: bye
  title: Say goodbye
  repo: acme/web
  needs:
  - hello
  run: echo bye > bye.txt
""")


def test_a_plan_without_a_title_has_the_issues() -> None:
    assert judged(GOOD.replace("title: Greetings\n", ""))[0].startswith("title: The issue\n")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("run: echo hello > hello.txt", "agent: coder", "names the agent `coder`; use script"),
        ("    run: echo hello > hello.txt\n", "", "has the agent `script` and no `run`"),
        ("acme/web", "acme/other", "Lockstep is not installed on `acme/other`"),
        ("title: Greet people", "title: Greet people\n    budget: 100", "has the key `budget`, which is for people"),
        ("title: Greet people", "title: Greet people\n    model: big", "has the key `model`, which is for people"),
        ("title: Greet people", "title: Greet people\n    done: true", "has the key `done`, which is for people"),
        ("title: Greet people", "title: Greet people\n    priority: 9", "has the key `priority`, which is for people"),
        ("title: Greet people", "title: Greet <!-- lockstep:sticky --> people", "a mark of Lockstep's own"),
        ("needs: [hello]", "needs: [nobody]", "needs `nobody`, which is not a task here"),
        ("echo hello", "echo hello\u202e", "cannot be seen"),
        (GOOD, "I'd rather not.", "not one"),
        (GOOD, "", "no task in this file"),
        (GOOD, "x" * (MAX_ANSWER + 1), "more than 100,000 characters"),
        ("echo hello", "echo " + "x" * 50_000, "at most 20,000 are read"),
        ("title: Greet people", "title: Greet people\n" + LONG, "more than 40,000 characters; make it shorter"),
    ],
)
def test_what_is_not_taken(before: str, after: str, said: str) -> None:
    text, problems = judged(GOOD.replace(before, after))
    assert text == ""
    assert said in " ".join(problems)


def test_a_draft_is_no_larger_than_people_can_read() -> None:
    tasks = "".join(f"  - id: t{n}\n    title: Do {n}\n    run: x\n" for n in range(MOST_TASKS + 1))
    assert "a draft has at most 30" in " ".join(judged(f"tasks:\n{tasks}")[1])


def test_a_plan_that_reads_otherwise_when_it_is_written_anew_is_not_taken() -> None:
    untitled = GOOD.replace("title: Greetings\n", "")
    found = judge(untitled, home="acme/api", repos=REPOS, agents=("script",), title="An\u202e issue")
    assert found.problems == ("The plan does not stay the same when it is written anew; use plain texts.",)


@given(st.text(max_size=400))
def test_no_answer_at_all_breaks_it(answer: str) -> None:
    judged(answer)


@given(plans())
def test_what_is_taken_reads_as_it_was_judged(plan: Plan) -> None:
    found = judge(render_yaml(plan), home="acme/api", repos=plan.repos, agents=("script",), title="T")
    if not found.problems:
        again = parse(found.text, home="acme/api", installed=plan.repos, form="yaml")
        assert again.plan is not None
        assert again.plan.hash == found.hash


@given(st.text(alphabet="`~abc @#<>-\n", max_size=200))
def test_the_fence_holds_whatever_the_text_is(text: str) -> None:
    said = draft_comment(f"{text}\n", model="openai:gpt", actor="ana", prompt="draft 1 (x)", key="draft/acme/api/1/1")
    assert hazards(Text("the comment", said)) == []


def test_a_fence_is_longer_than_any_run_of_backticks() -> None:
    assert block("a\n`````\n") == "``````yaml\na\n`````\n``````"


@pytest.mark.parametrize(
    ("text", "ordinary"),
    [
        ("Some words.", True),
        ("", True),
        ("- [ ] **one** Write · needs: two\n", False),
        ("- [ ] **one** Write\n", False),
    ],
)
def test_an_ordinary_issue_holds_no_plan_not_even_one_with_mistakes(text: str, ordinary: bool) -> None:
    assert is_ordinary(parse(text, home="acme/api", form="issue")) is ordinary


def test_bodies_that_github_has_tidied_up_say_the_same() -> None:
    assert same_text("a\nb \n", "a\r\nb\n\n")
    assert not same_text("a\nb", "a\nc")


def test_the_sentences_of_the_plan_comment() -> None:
    said = [
        standing(state, model="openai:gpt", actor="ana", why="It was `wrong`.", has_model=has)
        for state, has in [("posted", True), ("asked", True), ("failed", True), ("", True), ("", False)]
    ]
    assert said == snapshot(
        [
            "`openai:gpt` has drafted this plan, because `ana` asked for it; what it says stands in a comment of its own. A plan in the issue takes its place.",
            "`ana` has asked for a draft of a plan; it comes as a comment of its own.",
            "A draft was asked for by `ana` and came to nothing: It was `wrong`. `/lockstep replan` asks again.",
            "`/lockstep replan` has a model draft a plan from this text (needs write permission).",
            "A model could draft a plan from this text; whoever runs this Lockstep sets one with `LOCKSTEP_MODEL`.",
        ]
    )


def test_the_comment_of_an_older_draft_keeps_its_mark() -> None:
    assert "<!-- lockstep:key=draft/acme/api/1/1 -->" in replaced_comment("draft/acme/api/1/1")


def test_what_a_model_is_told_of_its_plan() -> None:
    def said(answer: str) -> tuple[str, ...]:
        return judge(answer, home="acme/api", repos=("acme/api",), agents=("script",), title="A plan").problems

    tasks = "".join(f"- {{id: t{n}, title: T, run: make}}\n" for n in range(31))
    assert [
        said("x" * 100_001),
        said(f"tasks:\n{tasks}"),
        said("tasks: [{id: a, title: A}]"),
        said("tasks: [{id: a, title: A, agent: coder, priority: 2}]"),
        said("tasks: [{id: a, title: '<!-- lockstep:x', run: make}]"),
        said("tasks:\n" + "".join(f"- {{id: t{n}, title: T, run: '{'x' * 3000}'}}\n" for n in range(20))),
    ] == snapshot(
        [
            ("The answer has more than 100,000 characters.",),
            ("The plan has 31 tasks; a draft has at most 30.",),
            ("`a` has the agent `script` and no `run` with its commands.",),
            (
                "`a` names the agent `coder`; use script.",
                "`a` has the key `priority`, which is for people; leave it out.",
            ),
            ("The plan holds a mark of Lockstep's own, `<!-- lockstep:…`; leave it out.",),
            ("The plan has more than 40,000 characters; make it shorter.",),
        ]
    )
    assert replaced_comment("k") == snapshot("""\
A draft of a plan stood here; a newer one has taken its place.

<sub>Made by Lockstep from what a model answered; read it as you would read a stranger's plan.</sub>
<!-- lockstep:key=k -->\
""")
