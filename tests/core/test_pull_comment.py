"""The comment on a task's pull request: what failed, who can act, and nothing of what others may not see."""

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.failures import Diagnosis, Shown
from services.core.plan_comment import LIMIT
from services.core.pull_comment import Broken, render
from services.core.repairs import Repair
from services.core.report import Note
from tests.kit.harmless import Text, hazards
from tests.kit.plans import happen, in_review, task

NOTE = Note(path="src/price.py", line=12, text="assert 3 == 4")


def test_a_failed_check_is_told_with_the_places_it_names() -> None:
    stuck = happen(in_review(task("a"), task("b", "a")), "a", "broke", text="check `test` failed").run
    told = render(stuck, "a", broken=[Broken(name="test", conclusion="failure", notes=(NOTE,))], answers=["> said\n"])
    assert told == snapshot("""\
### `a`, a task of the plan in acme/platform#7

❌ `a` (acme/api#5) failed.

- it did not work: check `test` failed — whoever has the write permission on acme/api: `/lockstep retry a`

**What failed**

- check `test`: failed
  - `src/price.py:12` assert 3 == 4

**What to do**

Read the log of the check, then put it right on its branch:

```sh
git fetch origin && git switch lockstep/platform-7/a
# put it right and commit it, then
git push origin lockstep/platform-7/a
```

It goes on by itself when you push, can write here and may approve such plans, and when its checks pass as it is. After any other push, or one with protected files, or where plans take more than one person, it goes on once somebody (or as many as plans take) who can write here and did not push it has approved that commit in a review. Or comment `/lockstep retry a` to have it done anew, or `/lockstep skip a` to do without it.

#### Answers

> said


<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>
<!-- lockstep:sticky -->\
""")


def test_a_check_that_ran_twice_is_told_once() -> None:
    stuck = happen(in_review(task("a")), "a", "broke", text="check `test` failed").run
    twice = [Broken(name=name, conclusion="failure", notes=(NOTE,)) for name in ("test", "lint", "test")]
    told = render(stuck, "a", broken=twice).partition("**What failed**")[2].partition("**What to do**")[0]
    assert told == snapshot("""\


- check `test`: failed in 2 runs
  - `src/price.py:12` assert 3 == 4
- check `lint`: failed
  - `src/price.py:12` assert 3 == 4

""")


def test_how_a_check_ended_in_words() -> None:
    stuck = happen(in_review(task("a")), "a", "broke", text="it broke").run
    ends = ("timed_out", "action_required", "startup_failure", "stale", "new")
    told = [render(stuck, "a", broken=[Broken(name="x", conclusion=each)]).partition("check `x`")[2] for each in ends]
    assert [each.partition("\n")[0] for each in told] == snapshot(
        [
            ": took too long",
            ": waits for somebody to act",
            ": could not start",
            ": was given up by GitHub",
            ": did not pass",
        ]
    )


def test_what_its_log_tells_stands_below_with_the_class() -> None:
    stuck = happen(in_review(task("a")), "a", "broke", text="check `test` failed").run
    shown = tuple(Shown(number, f"E   assert {number} == 4 @octocat") for number in range(998, 1_010))
    failure = Diagnosis(cls="test_failure", evidence=shown)
    told = render(stuck, "a", broken=[Broken(name="test", conclusion="failure", notes=(NOTE,), failure=failure)])
    assert told.partition("**What failed**")[2].partition("<sub>")[0] == snapshot("""\


- check `test`: failed (`test_failure`: tests ran, and some of them failed)
  - `src/price.py:12` assert 3 == 4
  - log line 1,002: `E assert 1002 == 4 @octocat`
  - log line 1,003: `E assert 1003 == 4 @octocat`
  - log line 1,004: `E assert 1004 == 4 @octocat`
  - log line 1,005: `E assert 1005 == 4 @octocat`
  - log line 1,006: `E assert 1006 == 4 @octocat`
  - log line 1,007: `E assert 1007 == 4 @octocat`
  - log line 1,008: `E assert 1008 == 4 @octocat`
  - log line 1,009: `E assert 1009 == 4 @octocat`

**What to do**

Put it right on its branch:

```sh
git fetch origin && git switch lockstep/platform-7/a
# put it right and commit it, then
git push origin lockstep/platform-7/a
```

It goes on by itself when you push, can write here and may approve such plans, and when its checks pass as it is. After any other push, or one with protected files, or where plans take more than one person, it goes on once somebody (or as many as plans take) who can write here and did not push it has approved that commit in a review. Or comment `/lockstep retry a` to have it done anew, or `/lockstep skip a` to do without it.

""")


def test_more_than_can_be_read_is_counted() -> None:
    stuck = happen(in_review(task("a")), "a", "broke", text="checks failed").run
    many = [Broken(name=f"c{n}", conclusion="timed_out", notes=(NOTE,) * 20) for n in range(9)]
    told = render(stuck, "a", broken=many)
    assert "… and 12 more\n" in told
    assert "… and 4 more checks" in told


def test_a_hidden_home_is_not_named() -> None:
    stuck = happen(in_review(task("a")), "a", "broke", text="checks failed").run
    assert stuck.repo in render(stuck, "a")
    assert stuck.repo not in render(stuck, "a", hidden={stuck.repo})


@given(st.text(max_size=400), st.text(max_size=200), st.integers(0, 60))
def test_no_text_of_a_check_comes_alive_or_bursts_it(said: str, path: str, count: int) -> None:
    stuck = happen(in_review(task("a")), "a", "broke", text="checks failed").run
    notes = tuple(Note(path=path, line=n, text=f"{said} @ana closes #1 <img src=x> http://x.y") for n in range(count))
    failure = Diagnosis(cls="lint", evidence=tuple(Shown(note.line, note.text) for note in notes))
    told = render(stuck, "a", broken=[Broken(name=path, conclusion=said, notes=notes, failure=failure)] * count)
    assert len(told) <= LIMIT
    assert not hazards(Text(where="there", words=told))


def test_what_was_tried_is_told_unless_a_person_has_spoken_since() -> None:
    tried = Repair(
        n=1, strategy="rerun_failed", cls="runner", sha="a" * 40, attempt=1, about=("9",), checks=("test` @x",), most=3
    )
    begun = happen(in_review(task("a")), "a", "mending", repair=tried).run
    stuck = happen(begun, "a", "broke", text="check `test` failed").run
    told = render(stuck, "a").partition("**What was tried**")[2].partition("<sub>")[0]
    assert told.strip() == snapshot(
        """\
- check `test' @x` (`runner`): run only the failed jobs again, on the same commit (1 of 3) — it did not help

**What to do**

Look whether the machine and its network are well. Then run its failed jobs again. If it asks in vain, correct that:

```sh
git fetch origin && git switch lockstep/platform-7/a
# put it right and commit it, then
git push origin lockstep/platform-7/a
```

It goes on by itself when you push, can write here and may approve such plans, and when its checks pass as it is. After any other push, or one with protected files, or where plans take more than one person, it goes on once somebody (or as many as plans take) who can write here and did not push it has approved that commit in a review. Or comment `/lockstep retry a` to have it done anew, or `/lockstep skip a` to do without it.\
"""
    )
    spoken = happen(stuck, "a", "held", actor="ana").run
    assert "What was tried" in render(spoken, "a")
    again = happen(stuck, "a", "retried", actor="ana").run
    assert "What was tried" not in render(again, "a")
