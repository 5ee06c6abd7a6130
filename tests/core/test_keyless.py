"""services/core/keyless.py and what is said at its end: told once, looked for twice and apart, and never without end."""

import msgspec
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
    assert begun(known, 2) == Trail(told=2, tries=2)
    assert begun(Trail(told=1, looks=LOOKS - 1, tries=1), 2) == Trail(told=2, tries=2), "it may have gone on to tell"
    assert begun(None, 9) == Trail(told=1, tries=9), "what was cut off later had only looked"


def test_a_look_that_was_cut_off_has_told_nothing_and_takes_no_other_look_back() -> None:
    for known in (Trail(told=1, tries=1), Trail(told=MOST_TOLD, looks=1, tries=1), Trail(told=1, taken=True, looks=7)):
        assert begun(known, 2) == msgspec.structs.replace(known, tries=2)


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
