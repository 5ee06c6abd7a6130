"""A group of repositories whose bot is killed (kill -9) at each step of its merges: real processes, git and CI.

Four groups: one that merges and is killed before and after each merge; one that is killed a few milliseconds after
each; one whose last merge GitHub refuses, killed at each step of what takes it back; and one that is finished forward
then. After each kill, while nobody is up, GitHub and the database are held against each other. kills: how many struck;
half_merged: at how many of them a part of the group had merged and a part had not; unplanned: at how many of those
nothing was stored of what comes next. wrong: what was not as it should be in the end (whole or taken back whole, in
order, nothing twice). seconds: of all of it.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks import Number, Report, Say, machine
from tests.kit.crash.grouped import REVERT, Blow, Found, Policy, group

OPTIONS = {"repositories": (10, "repositories of each group")}
LIMITS: dict[str, Number] = {"unplanned": 0, "wrong": 0}


def measure(say: Say, *, repositories: int) -> Report:
    """All four."""
    began = time.monotonic()
    found = [_lived(say, repositories, *way) for way in _ways(repositories)]
    figures: dict[str, Number] = {
        "kills": sum(len(one.kills) for one in found),
        "half_merged": sum(one.half for one in found),
        "unplanned": sum(len(one.unplanned) for one in found),
        "wrong": sum(len(one.wrong) for one in found),
        "seconds": round(time.monotonic() - began, 1),
    }
    conditions = machine() | {"repositories": repositories, "groups": len(found)}
    return Report(name="group", figures=figures, peers={"limit": LIMITS}, conditions=conditions)


def _ways(count: int) -> list[tuple[str, list[Blow], str, Policy]]:
    """Each with its name, the moments at which the bot is killed, what goes wrong, and what follows from that."""
    merges: list[Blow] = [("merge", place) for _ in range(count) for place in ("before", "after")]
    later: list[Blow] = [("merge", "later")] * count
    taking: list[Blow] = [(REVERT, place) for _ in range(count - 1) for place in ("before", "after")]
    return [
        ("merged", merges, "", "revert"),
        ("merged, killed after each answer", later, "", "revert"),
        ("taken back", taking, "refused", "revert"),
        ("finished forward", later, "refused", "forward"),
    ]


def _lived(say: Say, count: int, name: str, blows: list[Blow], late: str, policy: Policy) -> Found:
    with tempfile.TemporaryDirectory(prefix="lockstep-group-") as folder:
        found = asyncio.run(group(Path(folder), repos=count, blows=blows, late=late, policy=policy))
    say(f"{name}: {len(found.kills)} kills, half merged at {found.half} of them, {len(found.unplanned)} without a plan")
    for what in (*found.unplanned, *found.wrong):
        say(f"{name}: {what}")
    return found
