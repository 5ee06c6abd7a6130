"""The plan comment: its wording, its growth with the plan, and what hostile titles become in it."""

import re

from inline_snapshot import snapshot

from services.core.names import STICKY
from services.core.parse import parse
from services.core.plan_comment import LIMIT, broken, render
from tests.kit.plans import happen, in_review, plan, run, task


def test_a_plan_that_waits_for_approval() -> None:
    text = render(
        plan(task("schema", repo="acme/schema"), task("api", "schema")), ["Watch out."], approved_by="", run=None
    )
    assert text == snapshot(
        """\
### Plan: A plan

**Waits for approval:** 2 tasks in 2 repositories. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`.

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
    assert "| `b` | Do b (acme/api) | ⏸ blocked | acme/api#101 (issue) | `a` |" in text


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
    assert not re.search(r"(?<!\\)<", shown)
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
