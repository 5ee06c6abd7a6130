"""When the tasks of a run waited, worked and were in review, as bars over one axis of time.

Bars are percents of the width, so a page draws them without script on any screen. A long while in which nothing worked
and nothing changed is cut short, with a mark that says how long it was: else one night would squeeze the rest of the
plan together. What is still to come is drawn as likely, never as a fact.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from bot.web.times import clock
from services.core import graph
from services.core.durations import lasting
from services.core.plan import Plan
from services.store.reports import Move

ROWS = 40
HIGH, TOP = 26, 24
DRAWN = {
    "ready": "waited",
    "running": "worked",
    "in_review": "in review",
    "failed": "failed",
    "needs_human": "waited for a person",
}
"""States that have a bar, and what it says."""
IDLE, LONG = 0.12, timedelta(hours=1)
"""A while without work that is longer, both of the whole span and by itself, is cut."""
CUT = 3.0
"""Percent of the width that is left of it."""
THINNEST = 0.4
MINUTE, DAY = 60, 86_400
TICKS = (
    *(5, 10, 15, 30, MINUTE), *(each * MINUTE for each in (2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(each * DAY for each in (1, 2, 7, 30)),
)  # fmt: skip
"""Seconds between two marks of the axis."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """x and width in percent; kind: a state, or `ghost` for what is likely to come."""

    x: float
    width: float
    y: int
    kind: str
    title: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The label of one task."""

    id: str
    url: str
    critical: bool


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place on the axis and its words."""

    x: float
    text: str


class Gantt(msgspec.Struct, frozen=True, kw_only=True):
    """height in pixels; now: where that is, None once the run is over; hidden: tasks that began and have no row."""

    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Mark, ...]
    cuts: tuple[Mark, ...]
    now: float | None
    height: int
    hidden: int
    said: str


class _Stretch(msgspec.Struct, frozen=True):
    """A task was in this state from one moment to another."""

    task: str
    state: str
    start: datetime
    end: datetime


def coming(plan: Plan, left: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Open task -> when it is likely to begin and to end, in seconds from now, each as soon as its needs are over."""
    found: dict[str, tuple[float, float]] = {}
    for task_id in graph.order(graph.needs_of(task for task in plan.tasks if task.id in left)):
        start = max((found[need][1] for need in plan.by_id[task_id].needs if need in found), default=0.0)
        found[task_id] = (start, start + left[task_id])
    return found


def gantt(
    moves: Sequence[Move],
    *,
    now: datetime,
    ended: datetime | None,
    critical: Iterable[str],
    ahead: Mapping[str, tuple[float, float]],
    urls: Mapping[str, str],
) -> Gantt | None:
    """ended: of the run. ahead: task -> (start, end) of what is likely to come, in seconds from now. urls: of the tasks
    that may be named. None when nothing has begun.
    """
    until = max([ended or now, *(move.at for move in moves)])
    stretches = [each for each in _stretches(moves, until) if each.task in urls]
    if not stretches:
        return None
    on_path = set(critical)
    begun: dict[str, datetime] = {}
    for each in stretches:
        begun.setdefault(each.task, each.start)
    coming = {task: at for task, at in ahead.items() if task in urls and ended is None}
    chosen = _chosen(begun, stretches, on_path, coming)
    place = {task: n for n, task in enumerate(chosen)}
    last = max([until, *(now + timedelta(seconds=coming[task][1]) for task in chosen if task in coming)])
    axis = _Axis(stretches, min(begun.values()), until, last)
    bars = [_bar(axis, each, place[each.task]) for each in stretches if each.task in place]
    bars += [_ghost(axis, now, coming[task], place[task]) for task in chosen if task in coming]
    return Gantt(
        rows=tuple(Row(id=task, url=urls[task], critical=task in on_path) for task in chosen),
        bars=tuple(bars),
        ticks=axis.ticks(now),
        cuts=axis.cuts,
        now=axis.x(now) if ended is None else None,
        height=TOP + HIGH * len(chosen),
        hidden=len(begun.keys() - place.keys()),
        said=f"{len(chosen)} tasks over {lasting((until - axis.start).total_seconds())}",
    )


def _stretches(moves: Sequence[Move], until: datetime) -> list[_Stretch]:
    """Whatever state a task left ends where the next begins."""
    found: list[_Stretch] = []
    open_: dict[str, Move] = {}
    for move in moves:
        before = open_.pop(move.task, None)
        if before is not None and before.after in DRAWN:
            found.append(_Stretch(move.task, before.after, before.at, max(move.at, before.at)))
        open_[move.task] = move
    last = [move for move in open_.values() if move.after in DRAWN]
    found += [_Stretch(move.task, move.after, move.at, max(until, move.at)) for move in last]
    return sorted(found, key=lambda each: (each.start, each.task))


def _chosen(
    begun: Mapping[str, datetime], stretches: Sequence[_Stretch], on_path: set[str], coming: Mapping[str, object]
) -> list[str]:
    """The critical path first, then what is under way or stuck, then what moved last; shown by when they began."""
    last = {each.task: each for each in stretches}

    def rank(task: str) -> tuple[bool, bool, float]:
        newest = last.get(task)
        moving = newest is not None and newest.state in {"running", "failed", "needs_human"}
        return task not in on_path, not moving, -newest.end.timestamp() if newest is not None else 0.0

    known = [*begun, *(task for task in coming if task not in begun and task in on_path)]
    chosen = sorted(known, key=rank)[:ROWS]
    latest = datetime.max.replace(tzinfo=UTC)
    order = {task: n for n, task in enumerate(known)}
    return sorted(chosen, key=lambda task: (begun.get(task, latest), order[task]))


class _Axis:
    """Time -> percent, in pieces: what is cut takes little room, however long it was."""

    def __init__(self, stretches: Sequence[_Stretch], start: datetime, until: datetime, last: datetime) -> None:
        self.start = start
        self._end = max(last, start + timedelta(seconds=1))
        idle = _idle(stretches, start, until)
        total = (self._end - start).total_seconds()
        idle = [each for each in idle if each[1] - each[0] > max(LONG, timedelta(seconds=IDLE * total))]
        shown = total - sum((end - begin).total_seconds() for begin, end in idle)
        scale = (100 - CUT * len(idle)) / max(shown, 1.0)
        self._pieces: list[tuple[datetime, datetime, float, float]] = []
        cuts: list[Mark] = []
        at, x = start, 0.0
        for begin, end in idle:
            x = self._piece(at, begin, x, x + (begin - at).total_seconds() * scale)
            cuts.append(Mark(x=round(x, 2), text=lasting((end - begin).total_seconds())))
            x = self._piece(begin, end, x, x + CUT)
            at = end
        self._piece(at, self._end, x, 100.0)
        self.cuts = tuple(cuts)
        self._idle = idle

    def _piece(self, begin: datetime, end: datetime, x: float, to: float) -> float:
        self._pieces.append((begin, end, x, to))
        return to

    def x(self, at: datetime) -> float:
        for begin, end, x, to in self._pieces:
            if at <= end:
                length = (end - begin).total_seconds()
                share = (at - begin).total_seconds() / length if length > 0 else 0.0
                return round(x + max(share, 0.0) * (to - x), 2)
        return 100.0

    def ticks(self, now: datetime) -> tuple[Mark, ...]:
        """Round times, not too near to each other, none inside of a cut."""
        shown = (self._end - self.start) - sum(((end - begin) for begin, end in self._idle), timedelta())
        seconds = next((each for each in TICKS if each * 6 >= shown.total_seconds()), TICKS[-1])
        step = timedelta(seconds=seconds)
        origin = datetime(2020, 1, 6, tzinfo=UTC)
        at = origin + -(-(self.start - origin) // step) * step
        found: list[Mark] = []
        while at <= self._end and len(found) < 60:
            inside = next((end for begin, end in self._idle if begin < at < end), None)
            if inside is not None:
                at += -(-(inside - at) // step) * step
                continue
            x = self.x(at)
            if (not found or x - found[-1].x >= 9) and x <= 94:
                found.append(Mark(x=x, text=_mark(at, now, seconds)))
            at += step
        return tuple(found)


def _mark(at: datetime, now: datetime, step: int) -> str:
    """As exactly as the marks stand apart."""
    if step >= DAY:
        return f"{at:%b %d}"
    return clock(at, now, seconds=step < MINUTE)[-8 if step < MINUTE else -5 :]


def _idle(stretches: Sequence[_Stretch], start: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Whiles in which nothing worked and nothing changed."""
    edges = sorted({start, until, *(each.start for each in stretches), *(each.end for each in stretches)})
    work = sorted((each.start, each.end) for each in stretches if each.state == "running")
    found = []
    at = 0
    for begin, end in pairwise(edges):
        while at < len(work) and work[at][1] <= begin:
            at += 1
        if not any(first < end and last > begin for first, last in work[at : at + 200]):
            found.append((begin, end))
    return found


def _bar(axis: _Axis, each: _Stretch, row: int) -> Bar:
    x, to = axis.x(each.start), axis.x(each.end)
    width = max(round(to - x, 2), THINNEST)
    took = lasting((each.end - each.start).total_seconds())
    return Bar(
        x=min(x, 100 - width), width=width, y=TOP + HIGH * row + 5, kind=each.state,
        title=f"{each.task} {DRAWN[each.state]} for {took}",
    )  # fmt: skip


def _ghost(axis: _Axis, now: datetime, seconds: tuple[float, float], row: int) -> Bar:
    x, to = (axis.x(now + timedelta(seconds=each)) for each in seconds)
    width = max(round(to - x, 2), THINNEST)
    took = lasting(seconds[1] - seconds[0])
    return Bar(x=min(x, 100 - width), width=width, y=TOP + HIGH * row + 5, kind="ghost", title=f"likely {took}")
