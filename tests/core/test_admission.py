"""The queue of one installation: no limit is ever passed, the most urgent goes first, and nobody is forgotten."""

import heapq
import math
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.admission import RANKS, SLACK, Admission, Ask, Limits, Rank, Ticket
from services.core.quota import Told

READ, WRITE = Ask(), Ask(writes=True)
ISSUE = Ask(rank="plan", writes=True, content=1)


@dataclass
class Story:
    """Drives a queue as its owner would, with arrivals and lengths from a list."""

    limits: Limits
    quota: int = 10**9
    begun: list[tuple[float, Ask]] = field(default_factory=list)
    waited: list[tuple[Ask, float]] = field(default_factory=list)
    sent_back: list[tuple[float, Ask, float]] = field(default_factory=list)
    most_at_once: int = 0

    def live(self, arrivals: list[tuple[float, Ask, float]]) -> None:
        """Each: when, what, and how long GitHub takes for it."""
        queue, numbers, under_way = Admission(self.limits), count(), 0
        lengths: dict[Ticket, float] = {}
        events: list[tuple[float, int, Ticket | tuple[Ask, float] | None]] = []
        for at, ask, length in arrivals:
            heapq.heappush(events, (at, next(numbers), (ask, length)))
        while events:
            now, _, what = heapq.heappop(events)
            if isinstance(what, Ticket):
                under_way -= 1
                self.quota -= 1
                left = Told(resource="core", limit=100, remaining=self.quota, mark=10**6, reset_in=10**6)
                queue.ended(what, now, charged=True, told=left if self.quota < 10**8 else None)
            elif what is not None:
                at_once = queue.begin(what[0], now) if under_way < self.limits.concurrent_app else None
                if at_once is not None:
                    under_way += 1
                    self._has_begun(at_once, now)
                    heapq.heappush(events, (now + what[1], next(numbers), at_once))
                    continue
                ticket = queue.join(what[0], now)
                if isinstance(ticket, Ticket):
                    lengths[ticket] = what[1]
                else:
                    self.sent_back.append((now, what[0], ticket))
            turn = queue.turn(now, self.limits.concurrent_app - under_way)
            for ticket in turn.go:
                self._no_better_waits(ticket, [each for each in lengths if each not in turn.go])
                under_way += 1
                self._has_begun(ticket, now)
                heapq.heappush(events, (now + lengths.pop(ticket), next(numbers), ticket))
            for ticket, seconds in turn.back:
                lengths.pop(ticket)
                self.sent_back.append((now, ticket.ask, seconds))
            self.most_at_once = max(self.most_at_once, under_way)
            if math.isfinite(turn.at):
                heapq.heappush(events, (max(turn.at, now), next(numbers), None))
        assert not lengths, "somebody waits for ever"

    def _has_begun(self, ticket: Ticket, now: float) -> None:
        self.begun.append((now, ticket.ask))
        self.waited.append((ticket.ask, now - ticket.arrived))

    def _no_better_waits(self, gone: Ticket, waiting: list[Ticket]) -> None:
        for ticket in waiting:
            same = ticket.ask.lane[1:] == gone.ask.lane[1:]
            assert not (same and ticket.ask.lane < gone.ask.lane), "the less urgent went first"


ASKS = st.builds(
    Ask,
    rank=st.sampled_from(RANKS),
    resource=st.sampled_from(["core", "core", "graphql"]),
    writes=st.booleans(),
    content=st.just(0),
) | st.builds(Ask, rank=st.sampled_from(RANKS), writes=st.just(True), content=st.integers(1, 4))
ARRIVALS = st.lists(
    st.tuples(st.floats(0, 100), ASKS, st.floats(0.01, 20)), min_size=1, max_size=120
)  # fmt: skip
TIGHT = Limits(concurrent=3, concurrent_app=3, points=60, graphql_points=60, content_minute=6, content_hour=9)


def most_in(story: Story, seconds: float, counted: dict[str, object]) -> int:
    times = [
        (at, ask) for at, ask in story.begun if all(getattr(ask, name) == value for name, value in counted.items())
    ]
    return max((sum(ask.points for at, ask in times if t <= at < t + seconds) for t, _ in times), default=0)


@settings(deadline=None)
@given(ARRIVALS)
def test_no_limit_is_passed_whatever_comes(arrivals: list[tuple[float, Ask, float]]) -> None:
    story = Story(TIGHT)
    story.live(arrivals)
    assert story.most_at_once <= TIGHT.concurrent
    assert most_in(story, 60.0, {"resource": "graphql"}) <= TIGHT.graphql_points
    assert most_in(story, 60.0, {"resource": "core"}) <= TIGHT.points
    writes = [at for at, ask in story.begun if ask.writes]
    assert all(b - a >= TIGHT.write_gap - 1e-6 for a, b in pairwise(writes))
    made = [(at, ask.content) for at, ask in story.begun if ask.content]
    for seconds, limit in ((60.0 + SLACK, TIGHT.content_minute), (3_600.0 + SLACK, TIGHT.content_hour)):
        assert all(sum(n for at, n in made if t <= at < t + seconds) <= limit for t, _ in made)
    assert all(waited <= TIGHT.patience + 1e-6 for _, waited in story.waited)
    assert len(story.begun) + len(story.sent_back) == len(arrivals)
    assert all(seconds > 0 for _, _, seconds in story.sent_back)


@settings(deadline=None)
@given(ARRIVALS, st.integers(0, 60))
def test_the_last_tenth_is_for_merges(arrivals: list[tuple[float, Ask, float]], left: int) -> None:
    """Of a budget of a hundred, of which so much is left, the others leave ten, twenty, thirty."""
    story = Story(Limits(is_paced=False), quota=left)
    known = (0.0, Ask(rank="merge"), 0.0)  # tells how much there is
    story.live([known, *((at + 1.0, Ask(rank=ask.rank), length) for at, ask, length in arrivals)])
    spent = 0
    for _, ask in story.begun[1:]:
        spent += 1
        assert left - 1 - spent >= RANKS.index(ask.rank) * 10 or left == 0
    is_refused = any(ask.rank == "merge" for _, ask, _ in story.sent_back)
    assert not is_refused or spent >= left - 1


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 12), st.floats(0.01, 2))
def test_merges_do_not_starve_in_a_flood_of_polls(polls: int, length: float) -> None:
    flood: list[tuple[float, Ask, float]] = [
        (second / 2, Ask(rank="poll"), length) for second in range(60) for _ in range(polls)
    ]
    story = Story(Limits(concurrent=2, concurrent_app=2))
    story.live([*flood, *((float(second), Ask(rank="merge"), length) for second in range(20, 30))])
    merges = [waited for ask, waited in story.waited if ask.rank == "merge"]
    assert len(merges) == 10
    assert max(merges) <= 10 * length + 1e-6  # at most its own kind is before it, and what was under way


def go(queue: Admission, ask: Ask, now: float = 0.0) -> Ticket:
    """One call that begins at once."""
    ticket = queue.join(ask, now)
    assert isinstance(ticket, Ticket)
    assert queue.turn(now, 80).go == (ticket,)
    return ticket


def test_a_limit_shuts_everything_and_one_call_tries_it() -> None:
    queue = Admission(Limits())
    first, second = go(queue, READ), go(queue, READ)
    assert queue.limited(first, 1.0, 5.0, of_resource=False)
    assert not queue.limited(second, 1.1, 5.0, of_resource=False)
    waiting = [queue.join(Ask(rank=rank), 2.0) for rank in RANKS for _ in range(3)]
    turn = queue.turn(2.0, 80)
    assert not turn.go
    assert turn.at == pytest.approx(6.1)
    probe = queue.turn(6.1, 80).go
    assert probe == (waiting[0],)  # the most urgent
    assert queue.turn(6.2, 80).go == ()
    queue.ended(probe[0], 6.3, charged=True)
    assert len(queue.turn(6.3, 80).go) == 2
    assert not queue.is_idle
    assert queue.waiting == 9


def test_a_used_up_budget_stops_only_its_own_resource() -> None:
    queue = Admission(Limits())
    assert queue.limited(go(queue, Ask(resource="graphql")), 0.0, 1_800.0, of_resource=True)
    assert queue.join(Ask(resource="graphql"), 1.0) == pytest.approx(1_799)
    go(queue, READ, 1.0)


def test_who_would_wait_too_long_is_told_when_to_come_back() -> None:
    queue = Admission(Limits())
    assert queue.limited(go(queue, READ), 0.0, 600.0, of_resource=False)
    assert queue.join(Ask(rank="merge"), 1.0) == pytest.approx(599)


def test_who_already_waits_is_sent_back_when_it_becomes_too_long() -> None:
    queue = Admission(Limits(concurrent=1))
    first, second = go(queue, READ), queue.join(READ, 0.0)
    queue.limited(first, 1.0, 600.0, of_resource=False)
    ((sent, seconds),) = queue.turn(1.0, 80).back
    assert sent is second
    assert seconds == pytest.approx(600)


def test_a_thousand_issues_are_told_times_of_their_own() -> None:
    """At one a second the first half minute's are queued; the rest come back one after another."""
    queue = Admission(Limits())
    joined = [queue.join(ISSUE, 0.0) for _ in range(1_000)]
    queued = [each for each in joined if isinstance(each, Ticket)]
    times = [each for each in joined if isinstance(each, float)]
    assert 28 <= len(queued) <= 32
    assert times == sorted(times)
    assert all(b - a >= 0.9 for a, b in pairwise(times))
    assert times[-1] < 1_500


def test_who_leaves_is_not_waited_for() -> None:
    queue = Admission(Limits(concurrent=1))
    first, second, third = go(queue, READ), queue.join(READ, 0.0), queue.join(READ, 0.0)
    assert isinstance(second, Ticket)
    queue.leave(second)
    queue.ended(first, 1.0, charged=True)
    assert queue.turn(1.0, 80).go == (third,)
    queue.leave(second)
    assert queue.remaining == {}


@pytest.mark.parametrize("rank", RANKS)
def test_unpaced_only_what_github_says_counts(rank: Rank) -> None:
    queue = Admission(Limits(is_paced=False, content_hour=1, points=15))
    for _ in range(20):
        go(queue, Ask(rank=rank, writes=True, content=1))
    assert queue.turn(0.0, 80).go == ()
