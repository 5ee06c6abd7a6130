"""How near the scheduler comes to the best possible: the real decisions (`core.conduct`) in virtual time.

300 drawn plans and those that people might write, of the folder `plans` of the corpora or the one that `LOCKSTEP_PLANS`
names, where there is one; durations are log-normal (tasks of one plan differ by a factor of ten and more), places 2, 4
or 8. The bound is max(critical path, work / places): no schedule can be shorter. Before the run we know a length only
roughly, as people guess: the real one times a log-normal factor of sigma 0.5 (`*_unknown`: nothing is known, all tasks
count alike). Peers with the same durations: level by level (a layer begins when the one before has ended), first come
first served, and one after another.

What learning is worth is measured apart, with nothing declared: tasks of four repositories, of which one takes thirty
times as long as another, after another plan in the same repositories has run (`*_learned`) and without (`*_new`).
"""

import heapq
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

import msgspec

from benchmarks import Report, Say, machine
from benchmarks._graphs import drawn
from services.core import graph
from services.core.board import Board, Run
from services.core.conduct import begin, decide
from services.core.lengths import Lengths
from services.core.parse import parse_bytes
from services.core.places import Limits, Places
from services.core.plan import Plan
from services.core.task_state import Happening

PLANS = 300
PLACES = (2, 4, 8)
SCALES = {"acme/docs": 0.1, "acme/web": 0.5, "acme/api": 1.0, "acme/schema": 3.0}
START = datetime(2026, 1, 1, tzinfo=UTC)
Durations = dict[str, float]


def measure(say: Say) -> Report:
    """Every plan with every number of places."""
    rows: list[dict[str, float]] = []
    for number, plan in enumerate(_plans()):
        took = _durations(plan, number)
        for places in PLACES:
            bound = max(_critical(plan, took), sum(took.values()) / places)
            rows.append({name: makespan(plan, took, places) / bound for name, makespan in _WAYS.items()})
    say(f"{len(rows)} schedules")
    ours = {"makespan_over_bound": mean(r["ours"] for r in rows)}
    ours["makespan_over_sequential"] = mean(r["ours"] / r["sequential"] for r in rows)
    ours["makespan_over_bound_unknown"] = mean(r["ours unknown"] for r in rows)
    peers = {
        name: {
            "makespan_over_bound": round(mean(r[name] for r in rows), 4),
            "makespan_over_sequential": round(mean(r[name] / r["sequential"] for r in rows), 4),
        }
        for name in _WAYS
        if not name.startswith("ours")
    }
    ours |= _learning()
    figures = {name: round(value, 4) for name, value in ours.items()}
    return Report(name="schedule", figures=figures, peers=peers, conditions={**machine(), "schedules": len(rows)})


def _learning() -> dict[str, float]:
    """The same plans with and without an earlier run to learn from."""
    over: dict[str, list[float]] = {"makespan_over_bound_learned": [], "makespan_over_bound_new": []}
    for seed in range(PLANS):
        earlier, plan = _spread(drawn(seed + PLANS)), _spread(drawn(seed))
        took = _uneven(plan, seed)
        for places in PLACES:
            bound = max(_critical(plan, took), sum(took.values()) / places)
            lengths = Lengths()
            _real(earlier, _uneven(earlier, seed + PLANS), places, lengths)
            over["makespan_over_bound_learned"].append(_real(plan, took, places, lengths) / bound)
            over["makespan_over_bound_new"].append(_real(plan, took, places) / bound)
    return {name: mean(values) for name, values in over.items()}


def _spread(plan: Plan) -> Plan:
    """Its tasks in four repositories, at random."""
    draw = random.Random(f"repositories {plan.title}")
    tasks = tuple(msgspec.structs.replace(task, repo=draw.choice(list(SCALES))) for task in plan.tasks)
    return Plan(title=plan.title, tasks=tasks)


def _uneven(plan: Plan, seed: int) -> Durations:
    took = _durations(plan, seed)
    return {task.id: took[task.id] * SCALES[task.repo] for task in plan.tasks}


def _plans() -> Iterator[Plan]:
    yield from (drawn(seed) for seed in range(PLANS))
    corpora = Path(os.environ.get("LOCKSTEP_CORPORA", "../shared/corpora"))
    for path in sorted(Path(os.environ.get("LOCKSTEP_PLANS", corpora / "plans" / "valid")).glob("*")):
        parsed = parse_bytes(path.read_bytes(), home="acme/platform")
        if parsed.plan is not None:
            yield parsed.plan


def _durations(plan: Plan, seed: int) -> Durations:
    draw = random.Random(f"durations {seed}")
    return {task.id: draw.lognormvariate(6.0, 0.8) for task in plan.tasks}


def _critical(plan: Plan, took: Durations) -> float:
    return sum(took[task_id] for task_id in graph.critical_path(plan, lambda task: took[task.id]))


def _ours(plan: Plan, took: Durations, places: int) -> float:
    """The lengths are declared as `timeout`, each wrong in its own way."""
    draw = random.Random(f"guesses {plan.title} {len(plan.tasks)}")
    tasks = tuple(
        msgspec.structs.replace(task, timeout=max(1, round(took[task.id] * draw.lognormvariate(0.0, 0.5))))
        for task in plan.tasks
    )
    return _real(Plan(title=plan.title, tasks=tasks), took, places)


def _real(plan: Plan, took: Durations, places: int, lengths: Lengths | None = None) -> float:
    """The real board and decisions in virtual time; a task's end is a merge."""
    raw = Run(id="r", plan_id="a/b#1", repo="a/b", number=1, plan=plan, tasks={})
    run, first = begin(raw, START)
    board = Board(run, None, lengths)
    board.apply(first)
    room = Places(Limits(total=places, installation=places, repo=places, agent=places))
    happened = [(task.id, Happening(kind="tracked", number=1)) for task in plan.tasks]
    ends: list[tuple[float, str]] = []
    now = 0.0
    while True:
        moment = START + timedelta(seconds=now)
        decision = decide(board, happened, places=room, now=moment)
        board.apply(decision)
        for action in decision.actions:
            if action.kind == "attempt":
                room.take(action.task, board.uses[action.task])
                heapq.heappush(ends, (now + took[action.task], action.task))
        if not ends:
            return now
        now, ended = heapq.heappop(ends)
        room.give_back(ended)
        happened = [(ended, Happening(kind="merged", sha="a" * 40))]


def _levels(plan: Plan, took: Durations, places: int) -> float:
    """A layer at a time, as tools that build batches do."""
    total = 0.0
    for layer in graph.layers(graph.needs_of(plan.tasks)):
        total += _greedy([(task_id, ()) for task_id in layer], took, places)
    return total


def _fifo(plan: Plan, took: Durations, places: int) -> float:
    return _greedy([(task.id, task.needs) for task in plan.tasks], took, places)


def _greedy(tasks: list[tuple[str, tuple[str, ...]]], took: Durations, places: int) -> float:
    """Start whatever is ready, in the order given."""
    done: set[str] = set()
    waiting, now = list(tasks), 0.0
    ends: list[tuple[float, str]] = []
    while waiting or ends:
        for item in list(waiting):
            if len(ends) < places and done.issuperset(item[1]):
                waiting.remove(item)
                heapq.heappush(ends, (now + took[item[0]], item[0]))
        now, ended = heapq.heappop(ends)
        done.add(ended)
    return now


def _sequential(plan: Plan, took: Durations, _: int) -> float:
    return sum(took[task.id] for task in plan.tasks)


_WAYS: dict[str, Callable[[Plan, Durations, int], float]] = {
    "ours": _ours,
    "ours unknown": _real,
    "level by level": _levels,
    "fifo": _fifo,
    "sequential": _sequential,
}
