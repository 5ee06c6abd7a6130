"""What gives out first when there are ten, a hundred, a thousand times as many events as today's peers have.

A small queueing simulation, fed with unit costs that were measured (the options; their defaults are of the page on
scale). Deliveries come by chance, at five times the day's mean, and go to the webs that store them and then to the
conductors that handle them; each of so many servers needs so long for one. Mergify speaks of 780,000 events a day;
that is 1x.

rate_N: deliveries a second at the peak of N times that.  web_N, conductors_N: processes so that 99 of 100 wait less
than a second.  pages_N: pages of GitHub's log that one look for lost deliveries reads, of 1,000 it may.  gb_day_N: what
the inbox keeps of a day.
"""

import heapq
import math
import random
from collections.abc import Sequence

from benchmarks import Number, Report, Say

OPTIONS = {
    "web_us": (137, "microseconds of a web for one delivery, stored durably"),
    "handle_us": (2300, "microseconds of a conductor for one delivery"),
    "body_bytes": (2000, "bytes that the inbox keeps of one"),
    "seed": (1, "of the arrivals"),
}
DAY = 780_000
"""Events a day that Mergify names."""
PEAK = 5
"""The busiest second against the day's mean."""
FACTORS = (1, 10, 100, 1000)
ARRIVALS = 40_000
PATIENCE = 1.0
BUSY = 0.9
"""The share of its time that a server may be busy: above that the smallest rise makes a queue without end."""
LOOK = 420
"""Seconds of GitHub's log that one look reads: five minutes, and two of overlap."""


def measure(say: Say, *, web_us: int, handle_us: int, body_bytes: int, seed: int) -> Report:
    """One day for each factor."""
    figures: dict[str, Number] = {}
    for factor in FACTORS:
        rate = DAY / 86_400 * PEAK * factor
        figures |= {
            f"rate_{factor}": round(rate, 1),
            f"web_{factor}": enough(rate, web_us / 1e6, seed),
            f"conductors_{factor}": enough(rate, handle_us / 1e6, seed),
            f"pages_{factor}": round(rate / PEAK * LOOK / 100),
            f"gb_day_{factor}": round(DAY * factor * body_bytes / 1e9, 1),
        }
        say(f"{factor}x: {figures[f'rate_{factor}']}/s, {figures[f'web_{factor}']} web, "
            f"{figures[f'conductors_{factor}']} conductors")  # fmt: skip
    units: dict[str, str | Number] = {"web_us": web_us, "handle_us": handle_us, "body_bytes": body_bytes, "seed": seed}
    return Report(name="capacity", figures=figures, peers={"limit": {"pages_1": 1_000}}, conditions=units)


def enough(rate: float, each: float, seed: int) -> int:
    """The fewest servers, none busier than BUSY, with which 99 of 100 wait no longer than PATIENCE."""
    servers = max(1, math.ceil(rate * each / BUSY))
    while percentile(waits(rate, each, servers, random.Random(seed)), 0.99) > PATIENCE:
        servers += 1
    return servers


def waits(rate: float, each: float, servers: int, chance: random.Random) -> list[float]:
    """Seconds that each of many arrivals waits for the first of the servers that is free."""
    free = [0.0] * servers
    found, now = [], 0.0
    for _ in range(ARRIVALS):
        now += chance.expovariate(rate)
        begins = max(now, heapq.heappop(free))
        found.append(begins - now)
        heapq.heappush(free, begins + each)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
