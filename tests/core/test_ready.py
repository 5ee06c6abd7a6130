"""The queue of ready tasks answers exactly as choosing among all of them anew would."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.core.ready import ReadyQueue
from services.core.schedule import Candidate, Limits, Use, choose
from tests.kit.plans import NOW

uses = st.builds(
    Use,
    installation=st.sampled_from(["acme", "zeta"]),
    repo=st.sampled_from(["acme/a", "acme/b", "zeta/c"]),
    agent=st.sampled_from(["script", "coder"]),
)
candidates = st.builds(
    Candidate,
    id=st.sampled_from([f"t{n}" for n in range(12)]),
    use=uses,
    since=st.integers(0, 3).map(lambda n: NOW + timedelta(seconds=n)),
    priority=st.sampled_from([0.0, 1.0, 5.0]),
    remaining=st.sampled_from([1.0, 2.0]),
)
limits = st.builds(
    Limits, total=st.integers(0, 6), installation=st.integers(0, 4), repo=st.integers(0, 3), agent=st.integers(0, 4)
)
many = st.lists(candidates, max_size=12, unique_by=lambda candidate: candidate.id)


@given(many, many, st.sets(st.sampled_from([f"t{n}" for n in range(12)])), st.lists(uses, max_size=4), limits)
def test_it_picks_what_choosing_anew_would(
    held: list[Candidate], fresh: list[Candidate], gone: set[str], running: list[Use], room: Limits
) -> None:
    queue = ReadyQueue()
    for candidate in held:
        queue.add(candidate)
    new = [candidate for candidate in fresh if candidate.id not in {each.id for each in held} or candidate.id in gone]
    expected = choose([*(each for each in held if each.id not in gone), *new], running, room)
    assert queue.pick(running, room, fresh=new, gone=gone) == expected


@given(many, many)
def test_adding_again_moves_and_removing_forgets(held: list[Candidate], again: list[Candidate]) -> None:
    queue = ReadyQueue()
    for candidate in [*held, *again]:
        queue.add(candidate)
    for candidate in held:
        queue.remove(candidate.id)
        queue.remove(candidate.id)
    left = {candidate.id: candidate for candidate in again if candidate.id not in {each.id for each in held}}
    wide = Limits(total=99, installation=99, repo=99, agent=99)
    assert len(queue) == len(left)
    assert queue.pick([], wide) == choose(list(left.values()), [], wide)
