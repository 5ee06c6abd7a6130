"""What is said of a try."""

from inline_snapshot import snapshot

from services.core.trying import NAMED, Tried, outcome

BRANCH = "lockstep/try/5"
HEAD, BASE = "a" * 40, "b" * 40


def said(*checks: tuple[str, str]) -> str:
    return outcome(Tried(head=HEAD, base=BASE, checks=checks), BRANCH)


def test_what_came_of_it() -> None:
    assert said(("unit", "success"), ("lint", "skipped")) == snapshot(
        "The merge of `aaaaaaaaaaaa` with the base at `bbbbbbbbbbbb` **passes**: `unit`, `lint`."
    )
    assert said(("unit", "failure"), ("lint", "success"), ("slow", "")) == snapshot(
        "The merge of `aaaaaaaaaaaa` with the base at `bbbbbbbbbbbb` **fails**: `unit`; 1 passed."
    )
    assert said(("lint", "success"), ("slow", "")) == snapshot(
        "The merge of `aaaaaaaaaaaa` with the base at `bbbbbbbbbbbb` was not judged in time: `slow` did not end."
    )
    assert said() == snapshot(
        "The merge of `aaaaaaaaaaaa` with the base at `bbbbbbbbbbbb` has had no check: no workflow runs on a push to "
        "`lockstep/try/**`."
    )


def test_many_checks_are_counted_and_their_names_are_dead() -> None:
    text = said(*((f"@acme/team {n} `x`", "failure") for n in range(NAMED + 3)))
    assert text.endswith("and 3 more.")
    assert "`@acme/team 0 'x'`" in text


def test_what_is_pending() -> None:
    assert Tried(head=HEAD, base=BASE, checks=(("a", ""),)).is_pending
    assert not Tried(head=HEAD, base=BASE, checks=(("a", "failure"),)).is_pending
