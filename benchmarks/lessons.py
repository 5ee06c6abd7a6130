"""What becomes of lessons: the real judgement (`core.worth`) on drawn streams of attempts.

Of a repository 40 attempts are known when a lesson becomes active; of the tasks after that a part is not told of it, as
in life. Attempts are good in 50 or 70 of 100 without it. What a lesson does to that share, in points:

    helps +15, helps a little +10, does nothing 0, harms a little -20, harms mildly -30, harms -40

Judged before every attempt, as it is in life, over 200 attempts that are told of it.

harmful_retired_30: of those that take 40 points, the share that is gone within 30 attempts; *_mild: of those that take
30; *_little: 20.  false_retirement: of those that help, the share that is ever retired; *_little: of those that help a
little.  nothing_called_harmful: of those that do nothing.  nothing_retired: of those, gone for whatever reason, which
is right, and no more than tidiness.

bound_*: what no test can do better than in 30 attempts, if it knew the share without the lesson exactly, which nobody
does, and what the lesson may do, and retired 5 in 100 of those that do nothing (Neyman and Pearson). More than that are
found only because more of those that do nothing go, too.
"""

import math
import random
from statistics import mean, median

from benchmarks import Report, Say, machine
from services.core.worth import HELD, HELD_YOUNG, Told, Verdict, held, verdict

OPTIONS = {"streams": (200, "drawn streams of each kind and share")}
BASES = (0.5, 0.7)
KNOWN, USES, SOON = 40, 200, 30
FALSE = 0.05
EFFECTS = {
    "helps": 0.15,
    "helps a little": 0.1,
    "nothing": 0.0,
    "harms a little": -0.2,
    "harms mildly": -0.3,
    "harms": -0.4,
}


def measure(say: Say, *, streams: int) -> Report:
    ends: dict[str, list[tuple[int, Verdict]]] = {name: [] for name in EFFECTS}
    for name, effect in EFFECTS.items():
        for base in BASES:
            ends[name] += [life(random.Random(f"{name} {base} {seed}"), base, effect) for seed in range(streams)]
        say(f"{name}: {_share(ends[name], SOON):.1%} retired within {SOON}, {_share(ends[name], USES):.1%} ever")
    harmed = [uses for uses, end in ends["harms"] if end != "keep"]
    figures = {
        "helpful_kept": 1 - _share(ends["helps"], USES),
        "false_retirement": _share(ends["helps"], USES),
        "false_retirement_little": _share(ends["helps a little"], USES),
        "harmful_retired_30": _share(ends["harms"], SOON),
        "harmful_retired_30_mild": _share(ends["harms mildly"], SOON),
        "harmful_retired_30_little": _share(ends["harms a little"], SOON),
        "harmful_retired_200_mild": _share(ends["harms mildly"], USES),
        "harmful_uses_median": float(median(harmed)) if harmed else float(USES),
        "nothing_called_harmful": mean(end == "harms" for _, end in ends["nothing"]),
        "nothing_retired_30": _share(ends["nothing"], SOON),
        "nothing_retired": _share(ends["nothing"], USES),
        "bound_harmful_retired_30": bound(EFFECTS["harms"]),
        "bound_harmful_retired_30_mild": bound(EFFECTS["harms mildly"]),
        "bound_harmful_retired_30_little": bound(EFFECTS["harms a little"]),
    }
    conditions = {**machine(), "streams": streams * len(BASES), "held": HELD, "held_young": HELD_YOUNG, "known": KNOWN}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return Report(name="lessons", figures=rounded, peers={}, conditions=conditions)


def life(chance: random.Random, base: float, effect: float) -> tuple[int, Verdict]:
    """Attempts told of a lesson until it was retired, or all of them, and why."""
    good = sum(chance.random() < base for _ in range(KNOWN))
    told = Told(good_without=good, bad_without=KNOWN - good)
    while told.told < USES:
        if (said := verdict(told)) != "keep":
            return told.told, said
        is_held = chance.random() < held(told.told)
        is_good = chance.random() < (base if is_held else base + effect)
        name = f"{'good' if is_good else 'bad'}{'_without' if is_held else ''}"
        told = Told(**{**{each: getattr(told, each) for each in Told.__struct_fields__}, name: getattr(told, name) + 1})
    return told.told, verdict(told)


def bound(effect: float) -> float:
    """The share of harmful ones that the best test finds which takes one look after SOON attempts, the mean over the
    shares without. It takes what is bad often enough, and of the last count a part, so that FALSE is met exactly.
    """
    return mean(_best(base, base + effect) for base in BASES)


def _best(without: float, harmed: float) -> float:
    left, found = FALSE, 0.0
    for good in range(SOON + 1):
        share = min(left / _exactly(good, without), 1.0)
        found += share * _exactly(good, harmed)
        left -= share * _exactly(good, without)
        if share < 1:
            break
    return found


def _exactly(good: int, share: float) -> float:
    return math.comb(SOON, good) * share**good * (1 - share) ** (SOON - good)


def _share(ends: list[tuple[int, Verdict]], within: int) -> float:
    return mean(end != "keep" and uses <= within for uses, end in ends)
