"""The queue of ready tasks answers exactly as choosing among all of them anew would."""

from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.core.places import PATIENT, Limits, Places, Use
from services.core.ready import MOST_GONE, ReadyQueue, _Pick
from services.core.schedule import PATIENCE, Candidate, Taken, choose
from tests.kit.plans import NOW

IDS = [f"t{n}" for n in range(12)]
uses = st.builds(
    Use,
    installation=st.sampled_from(["acme", "zeta"]),
    repo=st.sampled_from(["acme/a", "acme/b", "zeta/c"]),
    agent=st.sampled_from(["script", "coder"]),
    run=st.sampled_from(["r1", "r2", "r3"]),
    group=st.sampled_from(["", "g"]),
    again=st.booleans(),
)
candidates = st.builds(
    Candidate,
    id=st.sampled_from(IDS),
    use=uses,
    since=st.sampled_from([0, 1, 3, 86_400, 86_401, 200_000]).map(lambda n: NOW - timedelta(seconds=n)),
    priority=st.sampled_from([0.0, 1.0, 5.0]),
    remaining=st.sampled_from([1.0, 2.0]),
    due=st.sampled_from([None, None, -1, 0, 1, 600]).map(
        lambda n: NOW + timedelta(seconds=n) if n is not None else None
    ),
)
limits = st.builds(
    Limits,
    total=st.integers(0, 6),
    installation=st.integers(0, 4),
    repo=st.integers(0, 3),
    agent=st.integers(0, 4),
    group=st.integers(0, 2),
)
many = st.lists(candidates, max_size=20, unique_by=lambda one: (one.use.run, one.id))


def key(one: Candidate) -> tuple[str, str]:
    return (one.use.run, one.id)


def held_by(running: list[Use], room: Limits) -> Places:
    """Of three one holds its places, one had its turn, and many like one wait for their next try."""
    places = Places(room)
    for number, use in enumerate(running):
        places.take(str(number), use)
        if number % 3 == 1:
            places.give_back(str(number))
        for copy in range(2 * PATIENT if number % 3 == 2 else 0):
            places.rest(f"{number} {copy}", use)
    return places


def queue_of(held: list[Candidate]) -> ReadyQueue:
    queue = ReadyQueue()
    for one in held:
        queue.add(one)
    return queue


@given(many, many, st.sets(st.sampled_from(IDS)), st.lists(uses, max_size=4), limits)
def test_it_picks_what_choosing_anew_would(
    held: list[Candidate], fresh: list[Candidate], gone: set[str], running: list[Use], room: Limits
) -> None:
    places, queue = held_by(running, room), queue_of(held)
    stays = [one for one in held if one.use.run != "r1" or one.id not in gone]
    new = [one for one in fresh if one.use.run == "r1" and key(one) not in {key(each) for each in stays}]
    expected = choose([*stays, *new], places, NOW)
    assert queue.pick(places, NOW, run="r1", fresh=new, gone=gone) == expected
    assert queue.pick(places, NOW) == choose(held, places, NOW), "asking changes nothing"


@given(many, many, st.integers(0, 5))
def test_it_does_so_where_all_are_in_one_set_of_lanes(held: list[Candidate], fresh: list[Candidate], room: int) -> None:
    use = Use(installation="acme", repo="acme/a", agent="script", run="r1")
    old = [msgspec.structs.replace(one, use=use) for one in {one.id: one for one in held}.values()]
    ids = {one.id for one in old}
    new = [
        msgspec.structs.replace(one, use=use) for one in {one.id: one for one in fresh}.values() if one.id not in ids
    ]
    places = Places(Limits(total=6, installation=6, repo=room, agent=6))
    assert queue_of(old).pick(places, NOW, run="r1", fresh=new) == choose([*old, *new], places, NOW)


@given(
    st.lists(candidates, max_size=30, unique_by=lambda one: (one.use.run, one.id)), st.lists(uses, max_size=4), limits
)
def test_it_does_so_where_many_runs_share_their_lanes(held: list[Candidate], running: list[Use], room: Limits) -> None:
    where = {"installation": "acme", "agent": "script", "group": ""}
    shared = [msgspec.structs.replace(one, use=msgspec.structs.replace(one.use, **where)) for one in held]
    places = held_by(running, room)
    assert queue_of(shared).pick(places, NOW) == choose(shared, places, NOW)


def test_of_many_runs_whose_lane_is_full_only_who_waits_too_long_is_looked_at() -> None:
    where = Use(installation="acme", repo="acme/a", agent="script")
    runs = [msgspec.structs.replace(where, run=f"r{number}") for number in range(50)]
    ages = [timedelta(hours=number) for number in range(50)]
    queue = queue_of([Candidate(id="a", use=use, since=NOW - age) for use, age in zip(runs, ages, strict=True)])
    places = Places(Limits(total=9, agent=1))
    places.take("one", where)
    pick = _Pick(Taken(places), NOW - PATIENCE)
    pick.fill(queue._shared, "", (), ())
    assert [source.use.run for source in pick._sources] == ["r49"]
    for use in runs:
        queue.remove(use.run, "a")
    assert not queue._shared, "and nothing is left of them"


@given(many, many)
def test_adding_again_moves_and_removing_forgets(held: list[Candidate], again: list[Candidate]) -> None:
    queue = queue_of([*held, *again])
    for one in held:
        queue.remove(*key(one))
        queue.remove(*key(one))
    left = [one for one in again if key(one) not in {key(each) for each in held}]
    wide = Places(Limits(total=99, installation=99, repo=99, agent=99, group=99))
    assert len(queue) == len(left)
    assert queue.pick(wide, NOW) == choose(left, wide, NOW)


def test_resting_tasks_that_come_and_go_leave_nothing_behind() -> None:
    use, queue = Use(installation="acme", repo="acme/a", agent="script", run="r1"), ReadyQueue()
    for minutes in range(1_000):
        queue.add(Candidate(id="a", use=use, since=NOW, due=NOW + timedelta(minutes=1_000 - minutes)))
    assert len(queue._dues) <= MOST_GONE + 2
    assert queue.next_due == NOW + timedelta(minutes=1)
    assert (queue.is_resting("r1", "a"), queue.is_resting("r1", "b")) == (True, False)
    queue.remove("r1", "a")
    assert not queue.next_due
    assert len(queue) == 0


def test_one_whose_time_has_not_come_stands_aside_until_it_has() -> None:
    use = Use(installation="acme", repo="acme/a", agent="script", run="r1")
    due = NOW + timedelta(hours=1)
    early, late = (
        Candidate(id="early", use=use, since=NOW),
        Candidate(id="late", use=use, since=NOW, priority=9.0, due=due),
    )
    queue, one = queue_of([early, late]), Places(Limits(total=1))
    assert (queue.next_due, queue.pick(one, NOW)) == (due, [early])
    assert queue.pick(one, due) == [late]
    assert queue.next_due is None
    queue.remove("r1", "late")
    assert (len(queue), queue.pick(one, due)) == (1, [early])
