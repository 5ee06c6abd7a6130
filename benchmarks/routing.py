"""What choosing models saves: the real choice (`core.choose`) over published results of 24 models on 500 tasks, each
with its price (SWE-bench Verified, mini-SWE-agent), against always taking the biggest of three tiers.

Every life begins with nothing known, in its own random order, and the learner sees check results only: checks let a
tenth of the wrong patches through and fail 2 % of the right ones. A change counts as solved when the one delivered
last is right, for the learner as for its peers. It is a replay: a second model begins afresh, and part of what a
ladder wins is simply a second try.

saving_equal_success: money saved where as many tasks are solved as by always-biggest; the value of a failure at which
that is so is interpolated in hindsight, and `*_other_half` chooses it on one half of the tasks and reports the other.
saving_first_50: on the first 50 tasks at the same value.  worst_pair_cost_ratio: the same comparison for each pair of
models, small before large by price, over multiples of the bigger one's price; where a pair never solves as many, what
is missing is bought at the bigger one's price of a solved task; pairs that a few orders leave in doubt are measured in
as many as everything else.  *_default: with the settings' default failure cost,
nothing chosen in hindsight; for models that cost a cent that value buys more success at more than their price.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from statistics import mean
from typing import NamedTuple

from benchmarks import Number, Report, Say, machine
from benchmarks._routing import Life, World, area, keyword_rule, keyword_score, live, random_mix, results, second, texts
from services.core.choose import Rules

OPTIONS = {
    "shuffles": (20, "random orders of the tasks"),
    "pairs": (4, "random orders for each pair of models at first; 0 leaves the pairs out"),
}
VALUES = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
"""Dollars a failure costs that are tried."""
PAIR_VALUES = (0.5, 1.0, 1.5, 2.5, 4.0, 8.0, 30.0)
"""The same for pairs, in prices of one attempt of the bigger one: some cost a hundred times as much as others."""
IN_DOUBT = 0.99
"""Of always-biggest's price: a pair that costs more in a few orders is measured in many; four tell 4 % from nothing."""
DEFAULT = float(Rules(tiers=()).failure_cost)
TIERS = ("GPT-5 mini", "Gemini 3 Pro", "Claude 4.5 Opus")
OTHERS = {
    "deepseek_mini_opus": ("DeepSeek V3.2", "GPT-5 mini", "Claude 4.5 Opus"),
    "mini_opus": ("GPT-5 mini", "Claude 4.5 Opus"),
    "sonnet4_opus4": ("Claude 4 Sonnet", "Claude 4 Opus"),
    "sonnet45_opus45": ("Claude 4.5 Sonnet", "Claude 4.5 Opus"),
}
PUBLISHED = {"TwinRouterBench": {"saving_equal_success": 0.531}}
"""Live, routing each step, on the same tasks: the nearest figure there is, and not the same test."""


class Point(NamedTuple):
    """Means over the shuffles. points: percentage points solved more than by always-biggest."""

    value: float
    saving: float
    points: float
    early: float


def measure(say: Say, *, shuffles: int, pairs: int) -> Report:
    """All lives, on all cores."""
    found = results()
    world = World(found, found.starting(*TIERS), found.tasks)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        spread = partial(pool.map, chunksize=4)
        ours = _curve(world, VALUES, shuffles, spread)
        for each in ours:
            say(f"failure ${each.value}: {each.saving:.1%} saved, {each.points:+.2f} points, {each.early:.1%} early")
        figures = _main(ours)
        figures |= _halves(world, shuffles, spread)
        for alpha in (0.0, 0.25, 0.5):
            at = _at(_curve(world._replace(alpha=alpha), (DEFAULT,), shuffles, spread), DEFAULT)
            figures |= {f"saving_default_alpha_{alpha:g}": at.saving, f"points_default_alpha_{alpha:g}": at.points}
        for name, models in OTHERS.items():
            other = World(found, found.starting(*models), found.tasks)
            figures[f"saving_{name}"] = _equal(_curve(other, VALUES, shuffles, spread)).saving
        pro = second()
        curve = _curve(World(pro, pro.models, pro.tasks), (*VALUES, 12.0, 24.0), shuffles, spread)
        figures["saving_pro_gpt5_sonnet45"] = _equal(curve).saving
        if pairs:
            figures |= _pairs(say, world, (pairs, shuffles), spread)
        peers = _peers(world, shuffles, spread)
    told = texts()
    figures["complexity_auc"] = mean(area(world, model, told) for model in world.tiers)
    rounded: dict[str, Number] = {name: round(value, 4) for name, value in figures.items()}
    conditions = {**machine(), "tasks": len(found.tasks), "shuffles": shuffles, "alpha": world.alpha}
    return Report(name="routing", figures=rounded, peers={**peers, **PUBLISHED}, conditions=conditions)


Spread = Callable[[Callable[[int], Life], Iterable[int]], Iterable[Life]]


def _curve(world: World, values: Sequence[float], shuffles: int, spread: Spread) -> list[Point]:
    """One point for each value of a failure, the lives of all shuffles taken together."""
    return [_point(world, value, list(spread(partial(live, world, value), range(shuffles)))) for value in values]


def _point(world: World, value: float, lives: Sequence[Life]) -> Point:
    spend, solved = world.always()
    early = sum(life.early[0] for life in lives) / (sum(life.early[2] for life in lives) or 1)
    more = mean(life.solved for life in lives) - solved
    return Point(value, 1 - mean(life.spend for life in lives) / spend, 100 * more / len(world.tasks), 1 - early)


def _equal(curve: Sequence[Point]) -> Point:
    """Where as many are solved as by always-biggest, at the greatest saving; where that many never are, as many as
    are.
    """
    reached = [point for point in curve if point.points >= 0]
    for one, other in itertools.pairwise(curve):
        if (one.points < 0) != (other.points < 0):
            share = -one.points / (other.points - one.points)
            reached.append(Point(*(a + share * (b - a) for a, b in zip(one, other, strict=True))))
    if not reached:
        return max(curve, key=lambda point: point.points)
    return max(reached, key=lambda point: point.saving)


def _at(curve: Sequence[Point], value: float) -> Point:
    return next(point for point in curve if point.value == value)


def _main(curve: Sequence[Point]) -> dict[str, float]:
    equal, default = _equal(curve), _at(curve, DEFAULT)
    return {
        "saving_equal_success": equal.saving,
        "saving_first_50": equal.early,
        "saving_default": default.saving,
        "points_default": default.points,
    }


def _halves(world: World, shuffles: int, spread: Spread) -> dict[str, float]:
    """The value of a failure is chosen on one half of the tasks and used on the other, both ways."""
    saving, points = [], []
    for start in (0, 1):
        chosen = _equal(_curve(world._replace(tasks=world.tasks[start::2]), VALUES, shuffles, spread))
        other = world._replace(tasks=world.tasks[1 - start :: 2])
        found = _curve(other, (round(chosen.value, 2),), shuffles, spread)[0]
        saving.append(found.saving)
        points.append(found.points)
    return {"saving_other_half": mean(saving), "points_other_half": mean(points)}


def _pairs(say: Say, world: World, shuffles: tuple[int, int], spread: Spread) -> dict[str, float]:
    """Every pair of models, the dearer one as the biggest. shuffles: for all, and for those in doubt."""
    found, few, many = world.results, *shuffles
    spent = {model: sum(found.cost[model].values()) for model in found.models}
    rows = dict[str, tuple[float, float]]()
    again = 0
    for pair in itertools.combinations(found.models, 2):
        here = world._replace(tiers=tuple(sorted(pair, key=lambda model: spent[model])))
        name = " -> ".join(name.partition(" (")[0] for name in here.tiers)
        rows[name] = _pair(here, few, spread)
        if max(rows[name]) > IN_DOUBT and many > few:
            rows[name], again = _pair(here, many, spread), again + 1
    for name, (equal, default) in sorted(rows.items(), key=lambda row: -row[1][0])[:5]:
        say(f"{name}: {equal:.3f} of always-biggest's price, {default:.3f} at the default failure cost")
    return {
        "worst_pair_cost_ratio": max(equal for equal, _ in rows.values()),
        "mean_pair_cost_ratio": mean(equal for equal, _ in rows.values()),
        "pairs_dearer": sum(equal > 1.03 for equal, _ in rows.values()),
        "pairs": len(rows),
        "pairs_measured_again": again,
        "worst_pair_cost_ratio_default": max(default for _, default in rows.values()),
        "pairs_dearer_default": sum(default > 1.03 for _, default in rows.values()),
    }


def _pair(world: World, shuffles: int, spread: Spread) -> tuple[float, float]:
    """What two models come to at equal success and at the default failure cost, as shares of always-biggest's price."""
    price, share = (figure / len(world.tasks) for figure in world.always())
    curve = _curve(world, [round(price * times, 4) for times in PAIR_VALUES], shuffles, spread)
    equal, default = (
        _ratio(point, 100 * share) for point in (_equal(curve), *_curve(world, (DEFAULT,), shuffles, spread))
    )
    return equal, default


def _ratio(point: Point, share: float) -> float:
    """What it costs of always-biggest's price, tasks solved fewer (`share`: by the biggest, in a hundred) bought."""
    return (1 - point.saving) * max(share / (share + point.points), 1.0)


def _peers(world: World, shuffles: int, spread: Spread) -> dict[str, dict[str, Number]]:
    """The same tasks and the same checks: a fixed cascade, the keyword rule, and its mix dealt at random."""
    cascade = list(spread(partial(live, world, DEFAULT, policy="cascade"), range(shuffles)))
    told, spend = texts(), world.always()[0]
    ruled = keyword_rule(world, world.tasks, told)
    mix = [random_mix(world, world.tasks, _shares(world, told), seed) for seed in range(shuffles)]
    found = {
        "always biggest": world.always(),
        "fixed cascade": (mean(life.spend for life in cascade), mean(life.solved for life in cascade)),
        "keyword rule": ruled,
        "random mix": (mean(one[0] for one in mix), mean(one[1] for one in mix)),
    }
    solved = world.always()[1]
    peers: dict[str, dict[str, Number]] = {}
    for name, (spent, right) in found.items():
        points = 100 * (right - solved) / len(world.tasks)
        peers[name] = {"saving_default": round(1 - spent / spend, 4), "points_default": round(points, 2)}
        if points >= 0:
            peers[name]["saving_equal_success"] = round(1 - spent / spend, 4)
    return peers


def _shares(world: World, told: dict[str, str]) -> list[float]:
    """How the keyword rule deals the tasks out."""
    dealt = [keyword_score(told.get(task, "")) for task in world.tasks]
    return [dealt.count(size) / len(dealt) for size in range(len(world.tiers))]
