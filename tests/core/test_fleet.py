"""services/core/fleet.py: the dashboard of an owner, and its boxes."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.board import Run
from services.core.fleet import TITLE, Box, Shown, body, ticked
from services.core.task_state import TaskState
from tests.kit.plans import run, task

LIMIT = 65_536


def stood(**states: TaskState) -> Run:
    current = run(task("api"), task("web", "api", repo="acme/web"))
    return Run(**{**{name: getattr(current, name) for name in current.__struct_fields__}, "tasks": states})


def going(number: int = 1, reason: str = "the script ended with exit code 1", title: str = "A plan") -> Shown:
    api = TaskState(id="api", state="failed", issue=2, pull=5, reason=reason)
    return Shown(repo="acme/api", number=number, title=title, run=stood(api=api, web=TaskState(id="web", issue=3)))


def test_what_it_shows() -> None:
    waits = Shown(repo="acme/web", number=7, title="Another @plan", problems=2)
    assert body("acme", [going(), waits], hidden=3) == snapshot("""\
All plans of `acme` that are under way, over all its repositories.

### Needs a person

- acme/api#1 `api` (acme/api#5): the script ended with exit code 1

### Under way

- acme/api#1 A plan: **running**, 0 of 2 tasks done
  - waits on `api` (acme/api#5, failed: the script ended with exit code 1)

### Not started

- acme/web#7 Another \\@\u2060plan: can't be run yet: 2 problems

### Do

- [ ] <!-- lockstep:fleet=hold/acme/api#1 -->Hold acme/api#1 · `/lockstep hold`
- [ ] <!-- lockstep:fleet=retry/acme/api#1 -->Try again what failed in acme/api#1 · `/lockstep retry`
- [ ] <!-- lockstep:fleet=refresh/acme/api#1 -->Look anew at acme/api#1 · `/lockstep refresh`

3 more in private repositories, which are not shown here.

<sub>Lockstep keeps this up to date. A tick is a command of whoever ticks, with the permission it needs.</sub>
<!-- lockstep:key=fleet/dashboard/acme -->\
""")


def test_what_only_people_do_is_not_offered_to_be_tried_again() -> None:
    states = {
        "api": TaskState(id="api", state="needs_human", issue=2, assignee="ana", reason="it is with `ana`"),
        "web": TaskState(id="web", issue=3),
    }
    run = msgspec.structs.replace(stood(**states), state="failed")
    text = body("acme", [Shown(repo="acme/api", number=1, title="A plan", run=run)])
    assert "- acme/api#1 A plan: **stopped**, 0 of 2 tasks done" in text
    assert "fleet=retry" not in text


def test_nothing_is_under_way() -> None:
    assert "Nothing is under way." in body("acme", [])


def test_a_run_that_is_held_and_waits_for_nothing() -> None:
    over = {"api": TaskState(id="api", state="done"), "web": TaskState(id="web", state="skipped")}
    held = msgspec.structs.replace(stood(**over), state="paused")
    assert TITLE == "Lockstep: all plans"
    assert body("acme", [Shown(repo="acme/api", number=1, title="A plan", run=held)]) == snapshot("""\
All plans of `acme` that are under way, over all its repositories.

### Under way

- acme/api#1 A plan: **paused**, 1 of 2 tasks done, 1 skipped
  - nothing is waited for

### Do

- [ ] <!-- lockstep:fleet=resume/acme/api#1 -->Go on with acme/api#1 · `/lockstep resume`
- [ ] <!-- lockstep:fleet=refresh/acme/api#1 -->Look anew at acme/api#1 · `/lockstep refresh`

<sub>Lockstep keeps this up to date. A tick is a command of whoever ticks, with the permission it needs.</sub>
<!-- lockstep:key=fleet/dashboard/acme -->\
""")


def test_a_tick_counts_only_as_the_line_that_we_wrote() -> None:
    text = body("acme", [going()])
    line = str(Box(verb="retry", repo="acme/api", number=1))
    assert line in text
    done = line.replace("[ ]", "[x]")
    assert ticked(text.replace(line, done), text) == (Box(verb="retry", repo="acme/api", number=1),)
    assert ticked(text.replace(line, done), text.replace(line, done)) == ()
    assert ticked(text.replace(line, done.replace("Try again", "Delete")), text) == ()
    assert ticked(done.replace("retry/", "approve/"), line.replace("retry/", "approve/")) == ()


@settings(max_examples=30)
@given(st.integers(0, 130), st.text(max_size=300), st.text(max_size=300))
def test_it_fits_whatever_there_is_to_show(count: int, reason: str, title: str) -> None:
    text = body("acme", [going(number + 1, reason, title) for number in range(count)])
    assert len(text) <= LIMIT
    assert "<!-- lockstep:key=fleet/dashboard/acme -->" in text
