"""How well past tasks tell which files a new one will touch, and how long the search takes: the real store (SQLite, in
a file) over 2,500 commits of aiohttp.

recall_at_5: the last 600 commits are the queries, in order, and only earlier ones can be found; the ten likest vote for
their files with 1 / rank / sqrt(files of that commit), as for the baselines; the share of a commit's files among the
five with most votes, mean over the queries.  recall_at_5_ours: with the votes Lockstep counts itself.  p95_ms_*: of a
whole search, the history repeated until so many tasks are there, so that every word is common; cpu_ms_*: its mean
processor time, which a busy machine changes less.

`LOCKSTEP_HISTORY` names another file of the same form to measure instead.
"""

import asyncio
import gzip
import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from math import sqrt
from pathlib import Path
from statistics import mean
from time import perf_counter, process_time
from typing import NamedTuple

from benchmarks import MissingData, Number, Report, Say, machine
from services.core import similar
from services.core.similar import Match
from services.store.db import Connection
from services.store.past import Merged, PastTasks
from services.store.sqlite import SqliteDatabase

QUERIES = 600
REPO = "a/history"
OPTIONS = {"tasks": (1_000_000, "tasks of the larger history; 0 leaves it out")}
SMALLER = 10_000


class Commit(NamedTuple):
    """One past change."""

    subject: str
    files: tuple[str, ...]


def measure(say: Say, *, tasks: int) -> Report:
    """Recall on the real history, then times on longer ones."""
    return asyncio.run(_measure(say, _history(), tasks))


def _history() -> list[Commit]:
    folder = Path(os.environ.get("LOCKSTEP_CORPORA", "../shared/corpora")) / "retrieval"
    path = Path(os.environ.get("LOCKSTEP_HISTORY") or folder / "aiohttp.jsonl.gz")
    if not path.exists():
        raise MissingData(f"{path} isn't there; set LOCKSTEP_CORPORA to the folder of corpora.")
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [Commit(row["subject"], tuple(row["files"])) for row in rows]


async def _measure(say: Say, commits: Sequence[Commit], tasks: int) -> Report:
    figures: dict[str, Number] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "past.sqlite")
        await database.open()
        past = PastTasks(database)
        found = await _asked(past, commits)
        queries = commits[-QUERIES:]
        figures["recall_at_5"] = _recall([_voted(alike) for alike in found], queries)
        figures["recall_at_5_ours"] = _recall([similar.files(alike) for alike in found], queries)
        say(f"{len(commits)} tasks: recall {figures['recall_at_5']}, with our votes {figures['recall_at_5_ours']}")
        for name, size in (("10k", SMALLER), ("1m", tasks)):
            if size:
                began = perf_counter()
                await database.write(partial(_repeat, have=len(commits), want=size))
                say(f"{size} tasks in {perf_counter() - began:.0f} s")
                figures |= await _times(past, queries, name)
        await database.close()
    peers: dict[str, dict[str, Number]] = {
        "word Jaccard": {"recall_at_5": _recall(_jaccard(commits, newest=False), queries)},
        "Jaccard, new": {"recall_at_5": _recall(_jaccard(commits, newest=True), queries)},
        "last ten": {"recall_at_5": _recall([_votes(commits[at - 10 : at][::-1]) for at in _places(commits)], queries)},
    }
    conditions = {**machine(), "commits": len(commits), "queries": len(queries)}
    return Report(name="retrieval", figures=figures, peers=peers, conditions=conditions)


def _places(commits: Sequence[Commit]) -> range:
    return range(len(commits) - min(QUERIES, len(commits)), len(commits))


async def _asked(past: PastTasks, commits: Sequence[Commit]) -> list[list[Match]]:
    """What is found for each query among those before it."""
    found, merged = [], [_merged(at, commit) for at, commit in enumerate(commits)]
    for task, at in zip(merged, range(len(commits)), strict=True):
        if at in _places(commits):
            found.append(await past.alike(REPO, task.title))
        await past.record([task])
    return found


def _merged(at: int, commit: Commit) -> Merged:
    return Merged(key=f"c{at}", repo=REPO, title=commit.subject, paths=commit.files)


def _repeat(c: Connection, have: int, want: int) -> None:
    """The same history again and again: everything is copied to later places."""
    times = want // have
    copies = f"WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {times - 1})"
    for table, columns, order in (
        ("past_task", "key || '-' || k.n, number, title, paths", "k.n, ordinal"),
        ("past_posting", "weight", "word, k.n, ordinal"),
    ):
        named = "key, number, title, paths" if table == "past_task" else "word, weight"
        taken = columns if table == "past_task" else f"word, {columns}"
        c.execute(
            f"INSERT OR IGNORE INTO {table} (repo_id, ordinal, {named}) {copies}"
            f" SELECT repo_id, ordinal + k.n * {have}, {taken} FROM {table}, k WHERE ordinal <= {have} ORDER BY {order}"
        )
    c.execute("UPDATE past_repo SET tasks = (SELECT count(*) FROM past_task)")
    c.execute(f"UPDATE past_word SET tasks = tasks * {times}")


async def _times(past: PastTasks, queries: Sequence[Commit], name: str) -> dict[str, float]:
    """Milliseconds of a search, the median of five rounds."""
    rounds, worked = [], process_time()
    for _ in range(5):
        took = []
        for query in queries:
            began = perf_counter()
            await past.alike(REPO, query.subject)
            took.append(perf_counter() - began)
        rounds.append(1000 * sorted(took)[int(0.95 * len(took))])
    cpu = 1000 * (process_time() - worked) / (5 * len(queries))
    return {f"p95_ms_{name}": round(sorted(rounds)[2], 2), f"cpu_ms_{name}": round(cpu, 2)}


def _recall(given: Sequence[Sequence[str]], queries: Sequence[Commit]) -> float:
    """Mean share of a query's files among those given for it."""
    shares = [
        len(set(files) & set(query.files)) / len(query.files) for files, query in zip(given, queries, strict=True)
    ]
    return round(mean(shares), 4)


def _voted(alike: Sequence[Match]) -> list[str]:
    return _votes([Commit("", match.past.paths) for match in alike[:10]])


def _votes(nearest: Sequence[Commit]) -> list[str]:
    """The baselines' own way to vote."""
    votes: dict[str, float] = defaultdict(float)
    for rank, commit in enumerate(nearest, 1):
        for path in commit.files:
            votes[path] += 1 / rank / sqrt(len(commit.files))
    return sorted(votes, key=lambda path: (-votes[path], path))[:5]


def _jaccard(commits: Sequence[Commit], *, newest: bool) -> list[list[str]]:
    """By the share of words in common, as they are written; of two alike the older one, or the newer one."""
    told = []
    sets = [set(re.findall(r"[a-z0-9_]+", commit.subject.lower())) for commit in commits]
    for at in _places(commits):
        shares = [len(sets[at] & before) / len(sets[at] | before) for before in sets[:at]]
        nearest = sorted(range(at), key=lambda other: (-shares[other], -other if newest else other))[:10]
        told.append(_votes([commits[other] for other in nearest]))
    return told
