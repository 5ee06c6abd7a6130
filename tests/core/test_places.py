"""places: each lane counts who is in it, however they come and go."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.core.places import TOTAL, Lane, Limits, Places, Use, brakes_of, lanes_of

ROOM = Limits(total=2, installation=9, repo=9, agent=9, group=1, agents={"script": 1})

uses = st.builds(
    Use,
    installation=st.sampled_from(["acme", "Acme"]),
    repo=st.sampled_from(["acme/api", "Acme/API", "acme/web"]),
    agent=st.sampled_from(["coder", "script"]),
    run=st.sampled_from(["r1", "r2"]),
    group=st.sampled_from(["", "release"]),
    is_away=st.booleans(),
)


def test_a_group_is_a_lane_of_its_run_and_names_fold_their_case() -> None:
    one = Use(installation="Acme", repo="Acme/API", agent="script", run="r1", group="release")
    wide = msgspec.structs.replace(ROOM, total=10)
    assert dict(lanes_of(one, wide)) == {
        TOTAL: 10, ("run", "r1"): 10, ("installation", "acme"): 9, ("repo", "acme/api"): 9, ("agent", "script"): 1,
        ("group", "r1 release"): 1,
    }  # fmt: skip
    assert ("group", "r1 ") not in dict(lanes_of(Use(installation="a", repo="a/b", agent="x", run="r1"), wide))


def test_a_lane_with_as_many_places_as_there_are_in_all_holds_nobody_back_and_is_not_counted() -> None:
    use = Use(installation="acme", repo="acme/api", agent="coder", run="r1", group="release")
    assert dict(lanes_of(use, ROOM)) == {TOTAL: 2, ("run", "r1"): 2, ("group", "r1 release"): 1}
    places = Places(ROOM)
    places.take("one", use)
    places.resize(msgspec.structs.replace(ROOM, total=10))
    assert places.taken["repo", "acme/api"] == 1  # who was there before it mattered counts all the same
    places.resize(ROOM)
    assert places.give_back("one")
    assert places.taken == {}


def test_a_place_is_taken_and_given_back_once() -> None:
    places = Places(ROOM)
    use = Use(installation="acme", repo="acme/api", agent="coder", run="r1")
    places.take("one", use)
    places.take("one", use)
    assert (places.taken[TOTAL], places.is_full) == (1, False)
    places.take("two", use)
    assert places.is_full
    assert places.give_back("one")
    assert not places.give_back("one")
    assert places.give_back("two")
    assert places.taken == {}


def test_fewer_places_take_none_away_and_more_are_there_at_once() -> None:
    """Machines that carry attempts out come and go."""
    places = Places(ROOM)
    use = Use(installation="acme", repo="acme/api", agent="coder", run="r1")
    for key in ("one", "two"):
        places.take(key, use)
    places.resize(msgspec.structs.replace(ROOM, total=1))
    assert (places.taken[TOTAL], places.is_full, dict(places.lanes(use))[TOTAL]) == (2, True, 1)
    places.give_back("one")
    assert places.is_full
    places.resize(msgspec.structs.replace(ROOM, total=3))
    assert (places.is_full, dict(places.lanes(use))[TOTAL]) == (False, 3)


def lanes_in(held: dict[str, Use], of: Callable[[Use, Limits], Iterable[tuple[Lane, int]]]) -> dict[Lane, int]:
    return dict(Counter(lane for use in held.values() for lane, _ in of(use, ROOM)))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | uses, st.booleans()), max_size=30))
def test_the_counts_are_those_of_the_keys_that_hold_places_or_wait(history: list[tuple[str, Use | None, bool]]) -> None:
    places, held, waiting = Places(ROOM), dict[str, Use](), dict[str, Use]()
    for key, use, waits in history:
        waiting.pop(key, None)
        if use is None:
            assert places.give_back(key) == (held.pop(key, None) is not None)
        elif waits:
            places.rest(key, use)
            held.pop(key, None)
            waiting[key] = use
        else:
            places.take(key, use)
            held[key] = use  # what it took before, it gives back
    assert (places.taken, places.between) == (lanes_in(held, lanes_of), lanes_in(waiting, brakes_of))
    places.resize(ROOM)
    assert (places.taken, places.between) == (lanes_in(held, lanes_of), lanes_in(waiting, brakes_of))
    assert places.is_full == (sum(not use.is_away for use in held.values()) >= ROOM.total)


def test_what_is_known_of_runs_that_are_over_does_not_grow_for_ever() -> None:
    places = Places(ROOM)
    for number in range(5_000):
        places.take("one", Use(installation="acme", repo="acme/api", agent="coder", run=f"r{number}"))
        places.give_back("one")
    assert len(places._known) < 4_100
    assert len(places.turns) < 4_100
    assert places.turns["r4999"] == places.turn == 5_000
