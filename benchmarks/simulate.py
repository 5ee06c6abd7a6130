"""Whole plans in virtual time: engine, handlers, GitHub client and the store's SQL against the sandbox's own
core in one process, with every order, delay, loss, crash and whim of people drawn from one seed.

seeds: how many were lived; violations: how many of them broke a promise (each is printed with the command that shows it
again, whole); seconds: wall time on one core; merged, skipped, cancelled: what became of all their tasks. `--plant 1`
instead plants bugs one after another and tells after how many seeds each was found.
"""

import gc
from collections import Counter
from time import perf_counter, process_time

from benchmarks import Number, Report, Say, WentWrong, machine
from tests.simulation.planted import FOUND, PLANTED, Bug, planted
from tests.simulation.world import simulate

MOST = 2_000
"""Seeds within which each planted bug has to be found."""
OPTIONS = {
    "seeds": (1_000, "how many seeds are lived"),
    "first": (0, "the first of them"),
    "seed": (-1, "live only this one, and print what happened in it"),
    "plant": (0, "1: plant bugs and look for each"),
}


def measure(say: Say, *, seeds: int, first: int, seed: int, plant: int) -> Report:
    """Live the seeds; or one, or those it takes to find what was planted."""
    if plant:
        return _hunt(say)
    if seed >= 0:
        verdict = simulate(seed)
        say(verdict.trace.text())
        return _report({"seeds": 1, "violations": len(verdict.violations), "virtual_seconds": round(verdict.seconds)})
    gc.freeze()  # what is imported is no garbage to look for between two seeds
    began, worked, broken = perf_counter(), process_time(), 0
    virtual, tasks = 0.0, Counter[str]()
    for each in range(first, first + seeds):
        verdict = simulate(each)
        virtual += verdict.seconds
        tasks += verdict.tasks
        if verdict.violations:
            broken += 1
            say(f"{verdict.violations[0]}  (python -m benchmarks simulate --seed {each})")
    seconds, worked = perf_counter() - began, process_time() - worked
    return _report(
        {
            "seeds": seeds,
            "violations": broken,
            "seconds": round(seconds, 1),
            "plans_per_second": round(seeds / seconds, 1),
            "plans_per_cpu_second": round(seeds / worked, 1),
            "tasks_per_second": round(tasks.total() / seconds, 1),
            "tasks_per_cpu_second": round(tasks.total() / worked, 1),
            "merged": tasks["done"],
            "skipped": tasks["skipped"],
            "cancelled": tasks["cancelled"],
            "virtual_hours": round(virtual / 3600, 1),
        }
    )


def _hunt(say: Say) -> Report:
    """Every planted bug has to be found; of those that were once in Lockstep, as many as are."""
    took: list[int] = []
    missed: list[str] = []
    for name, bug in {**PLANTED, **FOUND}.items():
        found = _found(bug)
        if found is None:
            say(f"{name} ({bug.means}): not found within {MOST} seeds")
            missed += [name] if name in PLANTED else []
            continue
        took.append(found[0])
        say(f"{name} ({bug.means}): found after {found[0]} seeds: {found[1]}")
    if missed:
        raise WentWrong(f"bugs that anybody could make were not found within {MOST} seeds: {', '.join(missed)}")
    return _report({"planted": len(PLANTED) + len(FOUND), "found": len(took), "seeds_most": max(took)})


def _found(bug: Bug) -> tuple[int, str] | None:
    """How many seeds it took and what was seen."""
    with planted(bug):
        for seed in range(MOST):
            verdict = simulate(seed, fleet=bug.is_split)
            if verdict.violations:
                return seed + 1, verdict.violations[0]
    return None


def _report(figures: dict[str, Number]) -> Report:
    return Report(name="simulate", figures=figures, peers={}, conditions=machine())
