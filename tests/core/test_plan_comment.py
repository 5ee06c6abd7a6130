"""The plan comment: its wording, its growth with the plan, and what hostile titles become in it."""

import re
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.board import Run
from services.core.chosen import Chosen
from services.core.forecast import Forecast, forecast
from services.core.lengths import Guess, Source
from services.core.names import STICKY
from services.core.parse import parse
from services.core.plan import Parsed, Plan, Problem
from services.core.plan_comment import LIMIT, answered, broken, render
from services.core.task_state import STATES, TaskState
from services.core.text import code
from tests.kit.plans import NOW, happen, in_review, plan, run, task


def test_a_plan_that_waits_for_approval() -> None:
    text = render(
        plan(task("schema", repo="acme/schema"), task("api", "schema")), ["Watch out."], approved_by="", run=None
    )
    assert text == snapshot(
        """\
### Plan: A plan

**Waits for approval:** 2 tasks in 2 repositories. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`.

- [ ] <!-- lockstep:box=approve/ff98ae7ec5f7b1f00d2b34e6e14853cf8b1d9a6962751ebb0fceec735b8ace96 -->Approve this text, version `ff98ae7ec5f7` · `/lockstep approve`
- [ ] <!-- lockstep:box=refresh -->Look at everything anew, now · `/lockstep refresh`

**Critical path:** `schema` → `api` (2 of 2 tasks)

- ⚠ Watch out.

| Task | What | State | Pull request | Needs |
| --- | --- | --- | --- | --- |
| `schema` | Do schema (acme/schema) | planned | |  |
| `api` | Do api (acme/api) | planned | | `schema` |

<details><summary>Graph</summary>

```mermaid
flowchart LR
  t0["⏸ schema"]
  t1["⏸ api"]
  t0 ==> t1
```

</details>

<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>
<!-- lockstep:sticky -->\
"""
    )


def test_a_run_shows_states_reasons_and_pull_requests() -> None:
    current = happen(in_review(task("a"), task("b", "a")), "a", "broke", text="check `test` failed").run
    text = render(current.plan, [], approved_by="", run=current)
    assert "**Stopped: something needs a person. `/lockstep retry failed` starts the failed tasks again.**" in text
    assert "| `a` | Do a (acme/api) | ❌ failed: check `test` failed | acme/api#5 |  |" in text
    assert "| `b` | Do b (acme/api) | ⏸ blocked by `a` (failed) | acme/api#101 (issue) | `a` |" in text


def expected(current: Run | None, of: Plan, *, source: Source = "learned") -> Forecast:
    states = current.tasks if current is not None else {}
    return forecast(of, states, lambda _: Guess(work=600.0, whole=1_200.0, source=source), 1, NOW)


def test_what_is_to_be_expected_of_a_plan_and_how_little_is_known() -> None:
    of = plan(task("a"), task("b", "a"), task("c"), task("d"), task("e"))
    text = render(of, [], approved_by="", run=None, ahead=expected(None, of, source="default"), now=NOW)
    assert (
        "**Critical path:** `a` → `b` (2 of 5 tasks), 40 min if every task took all the time it has; nothing like them has "
        "finished yet. All of it: 50 min, because not all can be worked on at the same time.\n" in text
    )
    assert "| `a` | Do a (acme/api) | planned | |  | critical |" in text
    assert "| `c` | Do c (acme/api) | planned | |  | 20 min |" in text


def test_a_run_says_when_it_is_likely_to_end_and_what_may_be_late() -> None:
    current = in_review(task("a"), task("b", "a"), task("c"))
    text = render(current.plan, [], approved_by="", run=current, ahead=expected(current, current.plan), now=NOW)
    assert (
        "**Expected end:** about 12:40 UTC.\n\n"
        "**Critical path:** `a` → `b` (2 of 3 open tasks), 40 min going by what such tasks took before.\n" in text
    )
    assert "| Task | What | State | Pull request | Needs | Slack |\n| --- | --- | --- | --- | --- | --- |" in text
    assert "| `c` | Do c (acme/api) | 🔵 running | acme/api#102 (issue) |  | 20 min |" in text


def test_a_run_that_is_over_expects_nothing() -> None:
    current = happen(in_review(task("a")), "a", "merged").run
    text = render(current.plan, [], approved_by="", run=current, ahead=expected(current, current.plan), now=NOW)
    assert "**Critical path:** `a` (1 of 1 tasks)\n" in text
    assert "Slack" not in text
    assert "Expected" not in text


def test_a_run_that_is_cancelled_has_no_critical_path() -> None:
    current = msgspec.structs.replace(in_review(task("a"), task("b", "a"), task("c")), state="cancelled")
    text = render(current.plan, [], approved_by="", run=current, ahead=expected(current, current.plan), now=NOW)
    assert "**Cancelled.** 0 of 3 tasks done, started by" in text
    assert not re.search("critical|slack|==>", text, re.IGNORECASE)


def test_problems_are_listed_with_their_lines() -> None:
    parsed = parse("- [ ] **a** One · needs: b\n- [ ] **b** Two · needs: a\n", home="acme/api", installed=["acme/api"])
    text = broken(parsed)
    assert "I found 1 problem." in text
    assert re.search(r"- \*\*Line [12]:\*\* .*`a`.*`b`", text)


def test_a_thousand_tasks_stay_below_githubs_limit() -> None:
    tasks = [
        task(f"task-{n}-{'x' * 40}", *([f"task-{n - 1}-{'x' * 40}"] if n else []), title="*" * 256)
        for n in range(1_000)
    ]
    for current in (None, run(*tasks)):
        text = render(plan(*tasks), [], approved_by="", run=current)
        assert len(text) <= LIMIT
        assert text.endswith(STICKY)
        assert "1000 tasks" in text or "1,000" in text or "of 1000" in text


def test_hostile_titles_are_dead_in_the_table() -> None:
    title = "<script>alert(1)</script> @acme/everyone fixes #1 | [x](javascript:y) <!--"
    text = render(plan(task("a", title=title), title=title), [], approved_by="", run=None)
    shown = text.split("<details>")[0]
    assert not re.search(r"(?<!\\)<(?!!-- lockstep:box=\w+[0-9a-f/]* -->)", shown)
    assert not re.search(r"@\w", shown)
    assert not re.search(r"(?i)\bfixes\b", shown)
    row = next(line for line in shown.splitlines() if line.startswith("| `a`"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_answers_stand_below() -> None:
    text = render(
        plan(), [], approved_by="ben", run=None, answers=["> `ana` `/lockstep ping`\n\nHere, and listening.\n"]
    )
    assert "**Approved** by `ben`" in text
    assert text.index("#### Answers") > text.index("| Task |")


LONG = "The script ended with exit code 1: " + " ".join(code(f"@acme/all fixes #{n} |") for n in range(40))
TITLE = "Add `x_y` to a [thing] (v2) | " * 8


@settings(max_examples=25, deadline=None)
@given(
    st.one_of(st.integers(1, 70), st.integers(150, 1_000)),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 900)), max_size=5),
    st.integers(0, 30),
)
def test_any_run_with_any_answers_fits_and_says_what_is_missing(
    count: int, random: Random, sizes: list[tuple[int, int]], warnings: int
) -> None:
    tasks = [task(f"task-{n}", *(f"task-{m}" for m in range(max(n - 6, 0), n)), title=TITLE) for n in range(count)]
    states = {one.id: TaskState(id=one.id, state=random.choice(STATES), reason=LONG, pull=7) for one in tasks}
    current = msgspec.structs.replace(run(task("one")), plan=plan(*tasks), tasks=states, state="failed")
    answers = ["> `ana` `/lockstep status`\n\n" + "\n".join(["- " + "y" * wide] * high) + "\n" for high, wide in sizes]
    warned = ["Watch out. " * 20] * warnings
    ahead = expected(current, current.plan)
    text = render(current.plan, warned, approved_by="", run=current, answers=answers, ahead=ahead, now=NOW)
    assert len(text) <= LIMIT
    assert text.endswith(STICKY)
    rows = len(re.findall(r"^\| `task-", text, re.MULTILINE))
    told = re.search(r"^\| … \| (\d+) more task", text, re.MULTILINE)
    assert rows + (int(told[1]) if told else 0) == count
    assert ("```mermaid" in text) != (f"The graph of {count} tasks is left out here." in text)
    left_out = re.search(r"^(\d+) older answer", text, re.MULTILINE)
    assert text.count("> `ana`") + (int(left_out[1]) if left_out else 0) == len(answers)


def test_of_many_tasks_the_graph_has_a_box_for_each_repository() -> None:
    repos = ("acme/schema", "acme/api", "acme/web")
    tasks = [task(f"t{n}", *([f"t{n - 1}"] if n else []), repo=repos[n // 400]) for n in range(1_000)]
    states = {one.id: TaskState(id=one.id, state="done" if n < 500 else "ready") for n, one in enumerate(tasks)}
    current = msgspec.structs.replace(run(task("one")), plan=plan(*tasks), tasks=states)
    text = render(current.plan, [], approved_by="", run=current)
    assert text[text.index("<details><summary>Graph") : text.index("<sub>")] == snapshot("""\
<details><summary>Graph of 1,000 tasks, a box for each repository</summary>

```mermaid
flowchart LR
  r0["acme/schema: 400 ✅"]
  r1["acme/api: 300 ▶, 100 ✅"]
  r2["acme/web: 200 ▶"]
  r0 --> r1
  r1 --> r2
```

</details>

""")
    many = plan(*(task(f"t{n}", repo=f"acme/r{n}") for n in range(70)))
    assert "The graph of 70 tasks is left out here." in render(many, [], approved_by="", run=None)


def test_what_is_too_much_goes_in_order() -> None:
    """The graph, then rows of finished tasks, then what is long in answers: the table never goes for an answer."""
    tasks = [task(f"task-{n}", title=TITLE) for n in range(60)]
    states = {
        one.id: TaskState(id=one.id, state="failed" if n >= 50 else "done", reason=LONG) for n, one in enumerate(tasks)
    }
    current = msgspec.structs.replace(run(task("one")), plan=plan(*tasks), tasks=states, state="failed")
    answer = "> `ana` `/lockstep status`\n\n" + "- yes\n" * 5_000
    text = render(current.plan, [], approved_by="", run=current, answers=[answer] * 3)
    assert "```mermaid" not in text
    assert all(f"| `task-{n}` |" in text for n in range(50, 60))
    assert "| … | 40 more tasks | | | |" in text
    assert text.count("> `ana`") == 3
    assert len(re.findall(r"^… and \d+ more lines$", text, re.MULTILINE)) == 3


def test_a_reason_is_not_cut_inside_a_code_span() -> None:
    for lead in range(60):
        state = TaskState(id="a", state="failed", reason="x" * lead + LONG)
        current = msgspec.structs.replace(run(task("a")), tasks={"a": state}, state="failed")
        row = next(
            line for line in render(current.plan, [], approved_by="", run=current).splitlines() if "| `a`" in line
        )
        assert row.count("`") % 2 == 0
        assert "@" not in re.sub(r"`[^`]*`", "", row)


def test_long_problems_and_answers_fit_too() -> None:
    problems = tuple(Problem(kind="cycle", message="`name` needs " * 900, line=n, column=1) for n in range(1, 40))
    text = broken(Parsed(plan=None, problems=problems), ["yes\n" * 20_000])
    assert len(text) <= LIMIT
    shown = text.count("**Line")
    assert 0 < shown < 20
    assert f"- … and {39 - shown} more" in text
    said = answered(["> `ana` `/lockstep help`\n\n" + "- yes\n" * 20_000] * 5)
    assert len(said) <= LIMIT
    assert said.count("more lines") == 5


def test_an_edit_of_a_thousand_tasks_fits_beside_them() -> None:
    tasks = [task(f"task-{n}-{'x' * 40}", title=TITLE) for n in range(1_000)]
    others = plan(*(task(f"other-{n}-{'x' * 40}", title="*" * 256) for n in range(1_000)))
    current = run(*tasks)
    text = render(current.plan, ["Watch out. " * 20] * 30, approved_by="", run=current, live=Parsed(plan=others))
    assert len(text) <= LIMIT
    assert "1000 tasks added, 1000 removed" in text
    assert "- … and 1980 more changes" in text
    assert "has been edited" not in render(
        current.plan, [], approved_by="", run=current, live=Parsed(plan=current.plan)
    )


def test_the_advice_names_words_that_work() -> None:
    """`retry failed` would leave cancelled tasks where they are."""
    states = {"a": TaskState(id="a", state="cancelled"), "b": TaskState(id="b", state="blocked")}
    current = msgspec.structs.replace(run(task("a"), task("b", "a")), tasks=states, state="failed")
    assert "`/lockstep retry a` starts that again" in render(current.plan, [], approved_by="", run=current)
    states["b"] = TaskState(id="b", state="failed")
    assert "`/lockstep retry failed` starts the failed tasks" in render(current.plan, [], approved_by="", run=current)


def test_what_is_held_says_what_goes_on() -> None:
    current = msgspec.structs.replace(run(task("a")), state="paused")
    shown = [
        render(current.plan, [], approved_by=by, run=current, edited=edited)
        for by, edited in (("ana", False), ("", True), ("", False))
    ]
    assert [text.splitlines()[2] for text in shown] == snapshot(
        [
            "**Paused.** 0 of 1 tasks done, started by `ana`. Next: `/lockstep resume`.",
            "**Paused.** 0 of 1 tasks done, started by `ana`. Next: `/lockstep resume`.",
            "**Paused.** 0 of 1 tasks done, started by `ana`. Next: `/lockstep approve` (needs maintain permission), then `/lockstep resume`.",
        ]
    )


def test_a_run_that_waits_for_people_alone_says_so() -> None:
    current = msgspec.structs.replace(run(task("a", agent="human"), task("b", "a")), state="failed")
    current.tasks["a"] = TaskState(id="a", state="needs_human", held=True)
    text = render(current.plan, [], approved_by="ana", run=current)
    assert text.splitlines()[2] == snapshot(
        "**Stopped: the rest is with people, and goes on once they have done it.** 0 of 2 tasks done, started by `ana`."
    )
    assert "/lockstep retry" not in text
    assert "| 🙋 needs a person, held | " in text


def test_whom_a_task_waits_for_stands_before_what_people_said_of_it() -> None:
    current = run(task("a"), task("b", "a"))
    current.tasks["b"] = msgspec.structs.replace(current.tasks["b"], held=True, budget="2")
    text = render(current.plan, [], approved_by="ana", run=current)
    assert "| ⏸ blocked by `a` (ready), held, at most $2 | " in text


def test_a_plan_that_nobody_has_edited_is_not_called_edited() -> None:
    same = plan(task("a"))
    text = render(same, [], approved_by="", run=None, edited=True, before=same)
    assert text.splitlines()[2] == snapshot(
        "**Waits for approval again**, because an approval reaches further by now than it did: 1 task in 1 repository. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`."
    )
    assert "since its approval" not in text


def test_what_an_edit_after_the_approval_has_changed_is_said() -> None:
    before, now = plan(task("a"), task("b")), plan(task("a", title="Another"), task("c"))
    text = render(now, [], approved_by="", run=None, edited=True, before=before)
    assert text.partition("### Plan: A plan\n\n")[2].partition("- [ ]")[0] == snapshot("""\
**Waits for approval again**, because the plan was edited after it was approved: 2 tasks in 1 repository. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`.

**Changed since its approval:** 1 task added, 1 removed, 1 changed.

- added: `c` Do c (acme/api)
- removed: `b` Do b (acme/api)
- changed: `a` title `Do a` → `Another`

""")


def test_headlines() -> None:
    of = plan(task("a"))
    heads = [
        render(of, [], approved_by="", run=None),
        render(of, [], approved_by="ana", run=None),
        render(of, [], approved_by="", run=None, edited=True),
        render(of, [], approved_by="", run=None, approvers=("ana", "bea")),
        broken(parse("- [ ] **a** One · needs: b\n", home="acme/api")),
    ]
    assert [text.split("\n", 4)[:3] for text in heads] == snapshot(
        [
            [
                "### Plan: A plan",
                "",
                "**Waits for approval:** 1 task in 1 repository. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`.",
            ],
            [
                "### Plan: A plan",
                "",
                "**Approved** by `ana`: 1 task in 1 repository. Next: `/lockstep run` (needs write permission).",
            ],
            [
                "### Plan: A plan",
                "",
                "**Waits for approval again**, because the plan was edited after it was approved: 1 task in 1 repository. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`.",
            ],
            [
                "### Plan: A plan",
                "",
                "**Waits for more approvals:** 1 task in 1 repository, approved by `ana`, `bea` so far. Next: `/lockstep approve`.",
            ],
            [
                "### This plan can't be run yet",
                "",
                "I found 1 problem. Edit the issue and I look again; nothing has been started.",
            ],
        ]
    )


def test_models_are_named_in_the_table_and_explained_as_long_as_there_is_work() -> None:
    of = plan(*(task(f"t{n}", agent="coder") for n in range(30)))
    begun = run(*of.tasks)
    states = {name: msgspec.structs.replace(each, state="in_review", attempt=1) for name, each in begun.tasks.items()}
    current = msgspec.structs.replace(begun, tasks=states)
    why = "`small`, the next in order; what fails its checks goes on to `large`."
    chosen = {each.id: Chosen(tier="small", model="openai:o", why=why) for each in of.tasks}
    text = render(of, [], approved_by="", run=current, chosen=chosen)
    assert text.count(", model `small` |") == 30
    assert f"<details><summary>Models</summary>\n\n- `t0`: {why}\n- `t1`: {why}\n" in text
    assert f"- `t19`: {why}\n- … and 10 more\n\n</details>" in text
    done = {each.id: msgspec.structs.replace(states[each.id], state="done") for each in of.tasks}
    finished = render(of, [], approved_by="", run=msgspec.structs.replace(current, tasks=done), chosen=chosen)
    assert "Models" not in finished
    assert finished.count(", model `small` |") == 30
