"""services/core/keyless.py and what is said at its end: told once, looked for twice and apart, and never without end."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.backoff import CAP
from services.core.keyless import (
    AGAIN,
    LOOKS,
    MOST_AWAY,
    MOST_LOOKS,
    MOST_TOLD,
    Came,
    Step,
    Trail,
    after,
    begun,
    pause,
    step,
)
from services.core.messages import keyless


def gone(*came: Came, times: int = 1) -> Trail:
    """What is known after these, so often."""
    trail = Trail()
    for each in came * times:
        trail = after(trail, each)
    return trail


def taken(looks: int) -> Trail:
    return msgspec.structs.replace(gone("taken"), looks=looks)


def test_it_is_told_looked_for_twice_and_told_again() -> None:
    assert step(gone()) == "tell"
    assert step(gone("lost")) == step(gone("lost", "unseen")) == "look"
    assert step(gone("lost", "unseen", "unseen")) == "tell"
    assert step(gone("lost", "unseen", "away")) == "look", "an outage is no look"
    assert step(gone("lost", "unseen", "unseen", times=MOST_TOLD)) == "lost"


def test_what_github_has_taken_is_never_told_again() -> None:
    assert {step(taken(looks)) for looks in range(MOST_LOOKS)} == {"look"}
    assert step(taken(MOST_LOOKS)) == "unseen"
    assert step(begun(gone("taken", "unseen"), 9)) == "look"


def test_an_outage_ends_too() -> None:
    assert step(gone("away", times=MOST_AWAY - 1)) == "tell"
    assert step(gone("away", times=MOST_AWAY)) == "away"


def test_a_step_that_was_cut_off_may_have_told() -> None:
    assert step(begun(None, 0)) == "tell"
    assert step(begun(None, 1)) == "look"
    known = msgspec.structs.replace(gone("lost", "unseen", "unseen"), tries=1)
    assert step(begun(known, 1)) == "tell"
    assert begun(known, 2).looks == 0


def test_looks_are_apart_and_ever_further() -> None:
    assert pause(gone("lost"), "lost", "k") == pause(gone("lost", "unseen"), "unseen", "k") == AGAIN
    assert pause(gone("lost", "unseen", "unseen", "lost"), "lost", "k") == 60.0
    assert [pause(taken(looks), "unseen", "k") for looks in range(MOST_LOOKS)] == [
        5.0,
        5.0,
        10.0,
        20.0,
        40.0,
        80.0,
        160.0,
        300.0,
    ]
    outage = [pause(gone("away", times=n), "away", "k") for n in range(1, MOST_AWAY)]
    assert sum(outage) > 3_000
    assert max(outage) <= CAP


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["ok", "lost", "away", "limit", "cut before", "cut after"]), max_size=70))
def test_whatever_goes_wrong_two_looks_are_between_two_tells_and_there_is_an_end(fates: list[str]) -> None:
    """The same as the outbox and the engine do it, with a list that shows nothing."""
    known: Trail | None = None
    tries, since, cuts = 0, LOOKS, 0
    told, is_taken, steps = 0, False, 0
    for fate in [*fates, *(["lost", "ok", "ok"] * 99)]:
        trail = begun(known, tries)
        now = step(trail)
        if now not in {"tell", "look"}:
            break
        steps += 1
        if fate.startswith("cut"):
            cuts += 1
            if now == "tell" and fate == "cut after":
                assert since >= LOOKS
                told, since = told + 1, 0
            tries += 1
            continue
        tries = max(tries, 1)
        if fate != "limit":
            came: Came = "away" if fate == "away" else "unseen"
            if now == "tell":
                assert since >= LOOKS
                assert not is_taken
                told, since, is_taken = told + 1, 0, fate == "ok"
                came = "taken" if is_taken else "lost"
            elif fate == "ok":
                since += 1
            elif fate == "lost":
                came = "away"
            trail = after(trail, came)
        known = msgspec.structs.replace(trail, tries=tries)
    else:
        raise AssertionError("it has no end")
    assert told <= MOST_TOLD + cuts
    limited = fates.count("limit")
    assert steps <= MOST_TOLD * (LOOKS + 1) + MOST_LOOKS + MOST_AWAY + (LOOKS + MOST_LOOKS + 1) * cuts + limited


def test_what_a_person_is_told() -> None:
    why = "GitHub answered 503: `away`"
    ends: tuple[Step, ...] = ("lost", "away", "unseen")
    assert [keyless.gave_up(each, "lockstep-1f", why) for each in ends] == snapshot(
        [
            "GitHub gave no answer 3 times (GitHub answered 503\\: \\`away\\`), and shows no run named `lockstep-1f`",
            "GitHub could not be asked 40 times (GitHub answered 503\\: \\`away\\`); there may be a run named `lockstep-1f`",
            "GitHub has taken it, and no run began that listens for it and is named `lockstep-1f` by its `run-name`",
        ]
    )
