"""schedule: who goes first, that no lane is ever overfilled or left idle, and that nobody starves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.core.places import Limits, Places, Use, lanes_of
from services.core.schedule import PATIENCE, Candidate, Taken, choose, is_overdue, urgency

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROOM = Limits(total=9, installation=9, repo=9, agent=9)
LONG = timedelta(days=2)
RUNS = ("big", "small")


def use(repo: str = "acme/api", agent: str = "coder", installation: str = "1", run: str = "r1", group: str = "") -> Use:
    return Use(installation=installation, repo=repo, agent=agent, run=run, group=group)


def ready(
    name: str, lanes: Use | None = None, *, priority: float = 0, remaining: float = 0, ago: timedelta = timedelta()
) -> Candidate:
    return Candidate(id=name, use=lanes or use(), since=NOON - ago, priority=priority, remaining=remaining)


def start(tasks: list[Candidate], limits: Limits = ROOM, *, running: tuple[Use, ...] = ()) -> list[str]:
    places = Places(limits)
    for number, held in enumerate(running):
        places.take(str(number), held)
    return [one.id for one in choose(tasks, places, NOON)]


def test_priority_then_longest_chain_then_age_then_id() -> None:
    minute = timedelta(minutes=1)
    tasks = [
        ready("b"),
        ready("a"),
        ready("late", ago=-minute),
        ready("early", ago=minute),
        ready("chain", remaining=5),
        ready("asked", priority=1),
    ]
    assert start(tasks) == ["asked", "chain", "early", "a", "b", "late"]


def test_runs_of_equal_priority_take_turns() -> None:
    one, two = use(run="r1"), use(run="r2")
    tasks = [
        ready("big-1", one, remaining=90),
        ready("big-2", one, remaining=80),
        ready("big-3", one, remaining=70),
        ready("small", two, remaining=1),
        ready("asked", one, priority=1),
    ]
    assert start(tasks) == ["asked", "small", "big-1", "big-2", "big-3"]
    assert start(tasks, running=(two,) * 4)[:4] == ["asked", "big-1", "big-2", "big-3"]


def test_the_run_whose_last_turn_was_longest_ago_goes_first_among_equals() -> None:
    """With a single place, each of two runs gets every other turn, however long their chains are."""
    places, turns = Places(Limits(total=1)), []
    tasks = [ready(f"{run}{n}", use(run=run), remaining=90 if run == "big" else 1) for n in range(3) for run in RUNS]
    while tasks:
        (first,) = choose(tasks, places, NOON)
        tasks.remove(first)
        turns.append(first.use.run)
        places.take(first.id, first.use)
        places.give_back(first.id)
    assert turns == ["big", "small"] * 3


def test_a_full_lane_holds_back_only_its_own_tasks() -> None:
    tasks = [ready("one", priority=3), ready("two", priority=2), ready("web", use("acme/web"))]
    assert start(tasks, Limits(repo=1)) == ["one", "web"]
    assert start(tasks, Limits(repo=1), running=(use(),)) == ["web"]
    assert start(tasks, Limits(repo=1), running=(use("ACME/API"),)) == ["web"]


def test_each_kind_of_lane_is_a_limit() -> None:
    tasks = [ready("a"), ready("b", use("acme/web", "script", "2")), ready("c", use("acme/docs", "coder", "2"))]
    assert start(tasks, Limits(total=2)) == ["a", "b"]
    assert start(tasks, Limits(installation=1)) == ["a", "b"]
    assert start(tasks, Limits(agent=1)) == ["a", "b"]
    assert start(tasks, Limits(agents={"coder": 0})) == ["b"]
    assert start(tasks, Limits(agent=0, agents={"coder": 2})) == ["a", "c"]


def test_a_group_is_a_lane_within_its_run() -> None:
    tasks = [
        ready("a", use(group="release")),
        ready("b", use(group="release")),
        ready("c", use()),
        ready("d", use(run="r2", group="release")),
    ]
    assert sorted(start(tasks, Limits(group=1))) == ["a", "c", "d"]


def test_nothing_starts_in_a_lane_that_is_over_its_limit_already() -> None:
    assert start([ready("a")], Limits(repo=2), running=(use(),) * 3) == []


def test_who_waits_for_longer_than_a_day_goes_first_the_longest_waiting_before_all() -> None:
    hour = timedelta(hours=1)
    tasks = [
        ready("urgent", priority=1_000_000),
        ready("old", ago=PATIENCE),
        ready("older", priority=-5, ago=PATIENCE + hour),
        ready("not yet", ago=PATIENCE - hour),
    ]
    assert start(tasks) == ["older", "old", "urgent", "not yet"]


def test_who_needs_two_lanes_that_are_never_free_at_once_gets_them_one_after_the_other() -> None:
    limits = Limits(total=9, installation=9, repo=1, agent=1)
    waits = ready("waits", use("acme/api", "coder"), ago=LONG)
    same_repo, same_agent = use("acme/api", "script"), use("acme/web", "coder")
    urgent = [ready("repo", same_repo, priority=9), ready("agent", same_agent, priority=9)]
    assert start([waits, *urgent], limits, running=(same_agent,)) == [], "the repository is kept free"
    assert start([waits, *urgent], limits, running=(same_repo,)) == [], "the agent is kept free"
    assert start([waits, *urgent], limits) == ["waits"]


def test_nothing_is_kept_for_whoever_can_never_start() -> None:
    limits = Limits(repo=1, agents={"coder": 0})
    tasks = [ready("never", ago=LONG), ready("script", use(agent="script"))]
    assert start(tasks, limits) == ["script"]


USES = st.builds(
    Use,
    installation=st.sampled_from("12"),
    repo=st.sampled_from(["acme/api", "acme/web"]),
    agent=st.sampled_from(["coder", "script"]),
    run=st.sampled_from(["r1", "r2"]),
    group=st.sampled_from(["", "g"]),
)
CANDIDATES = st.builds(
    Candidate,
    id=st.text("abcdef", min_size=1, max_size=3),
    use=USES,
    since=st.sampled_from([0, 1, 2, 60 * 24, 60 * 48]).map(lambda minutes: NOON - timedelta(minutes=minutes)),
    priority=st.integers(0, 2).map(float),
    remaining=st.integers(0, 2).map(float),
)
LIMITS = st.builds(
    Limits,
    total=st.integers(0, 6),
    installation=st.integers(0, 4),
    repo=st.integers(0, 3),
    agent=st.integers(0, 3),
    group=st.integers(0, 2),
    agents=st.just({"script": 1}),
)
READY = st.lists(CANDIDATES, unique_by=lambda one: (one.use.run, one.id), max_size=12)


@given(READY, st.lists(USES, max_size=4), LIMITS)
def test_limits_hold_nothing_is_left_out_and_order_is_respected(
    tasks: list[Candidate], running: list[Use], limits: Limits
) -> None:
    places = Places(limits)
    for number, held in enumerate(running):
        places.take(f"held {number}", held)
    before = dict(places.taken)
    chosen = choose(tasks, places, NOON)
    assert choose(tasks[::-1], places, NOON) == chosen
    assert places.taken == before
    for number, one in enumerate(chosen):
        places.take(f"new {number}", one.use)
    for lane, room in [each for one in chosen for each in lanes_of(one.use, limits)]:
        assert places.taken[lane] <= room
    left = [one for one in tasks if one not in chosen]
    could = [one for one in left if Taken(places).take(one.use)]
    assert not could or any(is_overdue(one, NOON) for one in left if one not in could)
    same_run = [[urgency(one, NOON) for one in chosen if one.use.run == run] for run in ("r1", "r2")]
    assert all(ranks == sorted(ranks) for ranks in same_run)


@given(READY, LIMITS, st.lists(st.tuples(st.integers(0, 5), USES), min_size=1, max_size=40), st.integers(0, 3))
def test_nobody_starves_behind_an_endless_stream_of_urgent_tasks(
    waiting: list[Candidate], limits: Limits, stream: list[tuple[int, Use]], first: int
) -> None:
    """Urgent tasks keep coming, one attempt ends at a time: every one that could ever start has started by the time
    as many places as it could have to wait for were freed after its patience was over.
    """
    places = Places(limits)
    now = NOON + PATIENCE
    left = [one for one in waiting[:6] if all(room > 0 for _, room in lanes_of(one.use, limits))]
    running: list[str] = []
    for number in range(1 + 6 * len(left) + 3 * limits.total):
        lanes = stream[number % len(stream)][1]
        urgent = [
            Candidate(id=f"urgent {number} {n}", use=lanes, since=now, priority=1e6, remaining=1e9) for n in range(3)
        ]
        for one in choose([*left, *urgent], places, now):
            places.take(f"{one.use.run} {one.id}", one.use)
            running.append(f"{one.use.run} {one.id}")
            left = [each for each in left if each is not one]
        now += timedelta(minutes=1)
        if running:
            places.give_back(running.pop(first if first < len(running) and number % 3 else 0))
    assert left == []
