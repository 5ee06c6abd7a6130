"""Many rows in one statement.

A statement a row costs a step of its own, and with it a hand-over of the interpreter's lock (SQLite) or a round trip
(PostgreSQL); a decision that changes a hundred tasks would pay that hundreds of times. Rows go in few sizes, so a
handful of prepared statements serves every number of them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from services.store.db import Connection

SIZES = (128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
"""Rows in one statement; with ten columns still far from what either database takes as parameters."""


def write_rows(c: Connection, statement: str, rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """Carry out `statement`, whose `{rows}` stands for `(?,…),(?,…)`; the rows that it gives, where its end says
    RETURNING.
    """
    cursors = []
    try:
        for start, size in _parts(len(rows)):
            part = rows[start : start + size]
            cursors.append(c.execute(_with_rows(statement, len(part[0]), size), list(chain.from_iterable(part))))
        return [row for cursor in cursors for row in cursor.fetchall()] if "RETURNING" in statement else []
    finally:
        cursors.clear()  # an error keeps this frame, and SQLite commits nothing while one is not read to its end


def with_keys(c: Connection, statement: str, first: tuple[object, ...], keys: Sequence[str]) -> None:
    """Carry out `statement`, whose `{keys}` stands for `(?,…)`, after the parameters `first`."""
    for start, size in _parts(len(keys)):
        c.execute(_with_keys(statement, size), (*first, *keys[start : start + size]))


def read_with_keys(c: Connection, query: str, first: tuple[object, ...], keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """What such a query finds, in no order."""
    parts = ((_with_keys(query, size), (*first, *keys[start : start + size])) for start, size in _parts(len(keys)))
    return [row for text, values in parts for row in c.execute(text, values).fetchall()]


def _parts(count: int) -> Iterator[tuple[int, int]]:
    """(start, size) of parts that make up `count`, the largest first."""
    start = 0
    for size in SIZES:
        while count - start >= size:
            yield start, size
            start += size


@lru_cache(maxsize=256)
def _with_rows(statement: str, columns: int, rows: int) -> str:
    return statement.replace("{rows}", ",".join([f"({','.join('?' * columns)})"] * rows))


@lru_cache(maxsize=256)
def _with_keys(statement: str, keys: int) -> str:
    return statement.replace("{keys}", f"({','.join('?' * keys)})")
