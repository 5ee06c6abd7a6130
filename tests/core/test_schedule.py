"""schedule: who goes first, and that no lane is ever overfilled or left idle."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.core.schedule import Candidate, Limits, Use, choose, urgency

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROOM = Limits(total=9, installation=9, repo=9, agent=9)


def use(repo: str = "acme/api", agent: str = "coder", installation: str = "1") -> Use:
    return Use(installation=installation, repo=repo, agent=agent)


def ready(
    name: str, lanes: Use | None = None, *, priority: float = 0, remaining: float = 0, minutes: int = 0
) -> Candidate:
    since = NOON + timedelta(minutes=minutes)
    return Candidate(id=name, use=lanes or use(), since=since, priority=priority, remaining=remaining)


def test_priority_then_longest_chain_then_age_then_id() -> None:
    tasks = [
        ready("b"),
        ready("a"),
        ready("late", minutes=1),
        ready("early", minutes=-1),
        ready("chain", remaining=5),
        ready("asked", priority=1),
    ]
    assert choose(tasks, [], ROOM) == ["asked", "chain", "early", "a", "b", "late"]


def test_a_full_lane_holds_back_only_its_own_tasks() -> None:
    tasks = [ready("one", priority=3), ready("two", priority=2), ready("web", use("acme/web"))]
    assert choose(tasks, [], Limits(repo=1)) == ["one", "web"]
    assert choose(tasks, [use()], Limits(repo=1)) == ["web"]
    assert choose(tasks, [use("ACME/API")], Limits(repo=1)) == ["web"]


def test_each_kind_of_lane_is_a_limit() -> None:
    tasks = [ready("a"), ready("b", use("acme/web", "script", "2")), ready("c", use("acme/docs", "coder", "2"))]
    assert choose(tasks, [], Limits(total=2)) == ["a", "b"]
    assert choose(tasks, [], Limits(installation=1)) == ["a", "b"]
    assert choose(tasks, [], Limits(agent=1)) == ["a", "b"]
    assert choose(tasks, [], Limits(agents={"coder": 0})) == ["b"]
    assert choose(tasks, [], Limits(agent=0, agents={"coder": 2})) == ["a", "c"]


def test_nothing_starts_in_a_lane_that_is_over_its_limit_already() -> None:
    assert choose([ready("a")], [use()] * 3, Limits(repo=2)) == []


USES = st.builds(
    Use,
    installation=st.sampled_from("12"),
    repo=st.sampled_from(["acme/api", "acme/web"]),
    agent=st.sampled_from(["coder", "script"]),
)
CANDIDATES = st.builds(
    Candidate,
    id=st.text("abcdef", min_size=1, max_size=3),
    use=USES,
    since=st.integers(0, 3).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    priority=st.integers(0, 2).map(float),
    remaining=st.integers(0, 2).map(float),
)
LIMITS = st.builds(
    Limits,
    total=st.integers(0, 6),
    installation=st.integers(0, 4),
    repo=st.integers(0, 3),
    agent=st.integers(0, 3),
    agents=st.just({"script": 1}),
)


def lanes(lane: Use, limits: Limits) -> dict[tuple[str, str], int]:
    return {
        ("total", ""): limits.total,
        ("installation", lane.installation): limits.installation,
        ("repo", lane.repo): limits.repo,
        ("agent", lane.agent): limits.agents.get(lane.agent, limits.agent),
    }


@given(st.lists(CANDIDATES, unique_by=lambda one: one.id, max_size=12), st.lists(USES, max_size=4), LIMITS)
def test_limits_hold_nothing_is_left_out_and_order_is_respected(
    tasks: list[Candidate], running: list[Use], limits: Limits
) -> None:
    chosen = choose(tasks, running, limits)
    before = Counter(lane for one in running for lane in lanes(one, limits))
    taken = Counter(before)
    for one in sorted(tasks, key=urgency):
        fits = all(taken[lane] < places for lane, places in lanes(one.use, limits).items())
        assert (one.id in chosen) == fits
        if fits:
            taken.update(lanes(one.use, limits).keys())
    for one in tasks:
        for lane, places in lanes(one.use, limits).items():
            assert taken[lane] <= max(places, before[lane])
    assert chosen == [one.id for one in sorted(tasks, key=urgency) if one.id in chosen]
    assert choose(tasks[::-1], running, limits) == chosen
