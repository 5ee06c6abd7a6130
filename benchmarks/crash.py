"""Real processes of the bot, killed (kill -9) at drawn moments over plans with pull requests, and started again.

The bot runs against GitHub's stand-in over HTTP with real git; CI runs there too. A kill strikes before or after GitHub
has done what a request asks for, a few milliseconds after its answer, in the middle of a script, a verification, a
fetch or a push, around a webhook, or while the process starts; half of them leave git and scripts of the dead process
running. What is counted in the end stands in GitHub's records and was seen on the wire: lost (tasks not merged, plans
not brought to their end), doubled (issues, comments, pull requests, merges, checks, commits there twice),
repeated_steps (a step of an attempt that ran again although the bot had gone on to the next one). restart_seconds_max:
from the start of a process to its first request to GitHub; restart_cpu_seconds_max: the processor time that took, so
what it would be on a machine that has nothing else to do. Webhooks that nobody took are lost, but for what people
wrote; the sweep keeps its five minutes and so hides nothing.

Main keys are the worst of all ways to run it: one process on SQLite, one on PostgreSQL, and a fleet of seven with the
roles web, conductor and worker. Each way has keys of its own. standstill_seconds: from a kill to the next request to
GitHub by whoever is left or new.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import Number, Report, Say, machine
from tests.kit.crash.hosts import One
from tests.kit.crash.tour import Found, NewHost, tour
from tests.kit.fleet import Fleet
from tests.kit.postgres import Server

OPTIONS = {"kills": (120, "kills of each way to run it"), "seed": (1, "what the moments are drawn from")}
LIMITS: dict[str, Number] = {"lost": 0, "doubled": 0, "repeated_steps": 0, "restart_seconds_max": 2.0}


def measure(say: Say, *, kills: int, seed: int) -> Report:
    """One tour for each way to run the bot."""
    found: dict[str, Found] = {}
    for name, way in WAYS.items():
        say(f"{name}: {kills} kills")
        with tempfile.TemporaryDirectory(prefix="lockstep-crash-") as folder, way() as new_host:
            found[name] = asyncio.run(tour(Path(folder), new_host, kills=kills, seed=seed, say=say))
        for what in _wrong(found[name]):
            say(f"{name}: {what}")
    each = {name: _figures(one) | ({} if name == "fleet" else _starts(one)) for name, one in found.items()}
    worst = {key: max(figures[key] for figures in each.values() if key in figures) for key in LIMITS}
    figures = {"kills": min(one["kills"] for one in each.values()), **worst}
    for name, mine in each.items():
        figures |= {f"{name}_{key}": value for key, value in mine.items()}
    conditions = {"seed": seed, "kinds of moments": max(len(one.kills) for one in found.values())}
    return Report(name="crash", figures=figures, peers={"limit": LIMITS}, conditions=machine() | conditions)


@contextmanager
def _sqlite() -> Iterator[NewHost]:
    yield One


@contextmanager
def _postgresql() -> Iterator[NewHost]:
    """One process on a server."""
    with _server() as url:
        yield partial(One, LOCKSTEP_DATABASE_URL=url)


@contextmanager
def _fleet() -> Iterator[NewHost]:
    """What compose.yaml starts: two webs, two conductors, three workers; any one of them is killed."""
    with _server() as url:
        yield lambda folder, app: Fleet(folder, app, url)


@contextmanager
def _server() -> Iterator[str]:
    """The URL of a database on a durable server of its own."""
    server = Server(settings=())
    try:
        with server.fresh() as url:
            yield url
    finally:
        server.close()


WAYS: Mapping[str, Callable[[], AbstractContextManager[NewHost]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "fleet": _fleet,
}


def _figures(found: Found) -> dict[str, Number]:
    return {
        "kills": sum(found.kills.values()),
        "tasks": found.tasks,
        "lost": len(found.lost),
        "doubled": len(found.doubled),
        "repeated_steps": len(found.repeated),
        "out_of_order": len(found.out_of_order),
        "errors_logged": len(found.errors),
        "agent_runs_beyond_one": found.agent_runs - found.tasks,
        "standstill_seconds_max": round(max(found.standstills), 2),
        "standstill_seconds_median": round(median(found.standstills), 2),
        "seconds": round(found.seconds, 1),
    }


def _starts(found: Found) -> dict[str, Number]:
    """Of one process; where many share the work, the others go on meanwhile."""
    return {
        "restart_seconds_max": round(max(found.restarts), 2),
        "restart_seconds_median": round(median(found.restarts), 2),
        "restart_cpu_seconds_max": round(max(found.restarts_cpu), 2),
    }


def _wrong(found: Found) -> list[str]:
    kinds = (found.lost, found.doubled, found.repeated, found.out_of_order, found.unlike_github, found.errors)
    return [what for kind in kinds for what in kind]
