"""Many rows in one statement.

A statement a row costs a step of its own, and with it a hand-over of the interpreter's lock (SQLite) or a round trip
(PostgreSQL); a decision that changes a hundred tasks would pay that hundreds of times. Rows go in powers of two, so a
handful of prepared statements serves every number of them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from services.store.db import Connection

MOST = 128
"""Rows in one statement; with ten columns still far from what either database takes as parameters."""


def write_rows(c: Connection, statement: str, rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """Carry out `statement`, whose `{rows}` stands for `(?,…),(?,…)`; what it returns, if it says RETURNING."""
    found: list[tuple[object, ...]] = []
    for start, size in _parts(len(rows)):
        part = rows[start : start + size]
        cursor = c.execute(_with_rows(statement, len(part[0]), size), list(chain.from_iterable(part)))
        if "RETURNING" in statement:
            found += cursor.fetchall()
    return found


def with_keys(c: Connection, statement: str, first: tuple[object, ...], keys: Sequence[str]) -> None:
    """Carry out `statement`, whose `{keys}` stands for `(?,…)`, after the parameters `first`."""
    for start, size in _parts(len(keys)):
        c.execute(_with_keys(statement, size), (*first, *keys[start : start + size]))


def _parts(count: int) -> Iterator[tuple[int, int]]:
    """(start, size) of parts that make up `count`, each a power of two."""
    start = 0
    while start < count:
        size = min(MOST, 1 << ((count - start).bit_length() - 1))
        yield start, size
        start += size


@lru_cache(maxsize=256)
def _with_rows(statement: str, columns: int, rows: int) -> str:
    return statement.replace("{rows}", ",".join([f"({','.join('?' * columns)})"] * rows))


@lru_cache(maxsize=256)
def _with_keys(statement: str, keys: int) -> str:
    return statement.replace("{keys}", f"({','.join('?' * keys)})")
