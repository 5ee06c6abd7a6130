"""What becomes of lessons: the real judgement (`core.worth`) on drawn streams of attempts.

Of a repository 40 attempts are known when a lesson becomes active; of the tasks after that a part is never told of it.
Attempts are good in 50 or 70 of 100 without it. A lesson that helps adds 15 points, one that harms takes 40 or 30, one
that does nothing neither. Judged before every attempt, as it is in life, over 200 attempts that are told of it.

harmful_retired_30: of those that take 40 points, the share that is gone within 30 attempts; *_mild: of those that take
30.  false_retirement: of those that help, the share that is ever retired.  nothing_called_harmful: of those that do
nothing.  nothing_retired: of those, gone for whatever reason, which is right, and no more than tidiness.
"""

import random
from statistics import mean, median

from benchmarks import Report, Say, machine
from services.core.worth import HELD, Told, Verdict, verdict

OPTIONS = {"streams": (200, "drawn streams of each kind")}
BASES = (0.5, 0.7)
KNOWN, USES, SOON = 40, 200, 30
EFFECTS = {"helps": 0.15, "nothing": 0.0, "harms": -0.4, "harms mildly": -0.3}


def measure(say: Say, *, streams: int) -> Report:
    ends: dict[str, list[tuple[int, Verdict]]] = {name: [] for name in EFFECTS}
    for name, effect in EFFECTS.items():
        for base in BASES:
            ends[name] += [life(random.Random(f"{name} {base} {seed}"), base, effect) for seed in range(streams)]
        say(f"{name}: {_share(ends[name], USES):.1%} retired")
    harmed = [uses for uses, end in ends["harms"] if end != "keep"]
    figures = {
        "helpful_kept": 1 - _share(ends["helps"], USES),
        "false_retirement": _share(ends["helps"], USES),
        "harmful_retired_30": _share(ends["harms"], SOON),
        "harmful_retired_30_mild": _share(ends["harms mildly"], SOON),
        "harmful_retired_200_mild": _share(ends["harms mildly"], USES),
        "harmful_uses_median": float(median(harmed)) if harmed else float(USES),
        "nothing_called_harmful": mean(end == "harms" for _, end in ends["nothing"]),
        "nothing_retired": _share(ends["nothing"], USES),
    }
    conditions = {**machine(), "streams": streams * len(BASES), "held": HELD, "known": KNOWN}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return Report(name="lessons", figures=rounded, peers={}, conditions=conditions)


def life(chance: random.Random, base: float, effect: float) -> tuple[int, Verdict]:
    """Attempts told of a lesson until it was retired, or all of them, and why."""
    good = sum(chance.random() < base for _ in range(KNOWN))
    told = Told(good_without=good, bad_without=KNOWN - good)
    while told.told < USES:
        if (said := verdict(told)) != "keep":
            return told.told, said
        is_held = chance.random() < HELD
        is_good = chance.random() < (base if is_held else base + effect)
        name = f"{'good' if is_good else 'bad'}{'_without' if is_held else ''}"
        told = Told(**{**{each: getattr(told, each) for each in Told.__struct_fields__}, name: getattr(told, name) + 1})
    return told.told, verdict(told)


def _share(ends: list[tuple[int, Verdict]], within: int) -> float:
    return mean(end != "keep" and uses <= within for uses, end in ends)
