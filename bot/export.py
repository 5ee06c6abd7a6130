"""`python -m bot export PLAN`: everything that is stored of one plan, without secrets, for whoever helps to find out
what went wrong. `python -m bot replay FILE` gives the webhooks in it to a bot once more.

Texts of people stay, or nobody could see what happened; what looks like a credential is masked, as in the log.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from bot.clock import SystemClock
from bot.logs import MASK, SECRET_KEY, Redactor
from bot.settings import Settings, read_settings, secrets
from bot.version import version
from services.core.clock import to_text
from services.errors import LockstepError, UserError
from services.store.db import Connection
from services.store.visiting import visit

TABLES = {
    "plan": "id = ?",
    "run": "plan_id = ?",
    "event": "plan_id = ?",
    "recovery": "plan_id = ?",
    "ledger": "plan_id = ?",
    "attempt": "plan_id = ?",
    "task": "run_id IN (SELECT id FROM run WHERE plan_id = ?)",
    "wait": "run_id IN (SELECT id FROM run WHERE plan_id = ?)",
    "outbox": "run_id IN (SELECT id FROM run WHERE plan_id = ?)",
}
"""What belongs to a plan."""
MOST = 20_000
"""Rows of one table."""


def main(arguments: list[str]) -> int:
    """0 when it is written, 2 when it can't be."""
    parser = argparse.ArgumentParser(prog="python -m bot export", description="Write what is stored of one plan.")
    parser.add_argument("plan", help="owner/name#number")
    parser.add_argument("--out", type=Path, help="the file, else standard output")
    parser.add_argument("--deliveries", type=int, default=0, help="so many of the newest webhooks, with what they say")
    given = parser.parse_args(arguments)
    try:
        text = asyncio.run(_exported(read_settings(), given.plan, max(0, given.deliveries)))
        if given.out is None:
            sys.stdout.write(text)
        else:
            given.out.touch(mode=0o600)
            given.out.write_text(text)
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"lockstep: can't write there: {error.strerror}.\n")
        return 2
    return 0


async def _exported(settings: Settings, plan_id: str, deliveries: int) -> str:
    def read(c: Connection) -> dict[str, Any]:
        if c.execute("SELECT 1 FROM plan WHERE id = ?", (plan_id,)).fetchone() is None:
            raise UserError(f"No plan {plan_id} is stored here; it is named as owner/name#number.")
        found: dict[str, Any] = {table: _rows(c, table, where, plan_id) for table, where in TABLES.items()}
        found["deliveries"] = _deliveries(c, deliveries)
        return found

    clean = Cleaner(Redactor(secrets(settings)))
    head = {"version": version(), "at": to_text(SystemClock().now())}
    body = await visit(settings.database_url, Path(settings.data_dir), read)
    return msgspec.json.format(msgspec.json.encode(clean(head | body))).decode() + "\n"


class Cleaner:
    """Masks what looks like a credential anywhere in a value; JSON in bytes is opened first."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, value: object, key: str = "") -> object:
        if isinstance(value, bytes):
            try:
                return self(msgspec.json.decode(value), key)
            except (ValueError, RecursionError):
                return f"{len(value)} bytes"
        if isinstance(value, Mapping):
            return {self._text(str(name)): self(each, str(name)) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self(each, key) for each in value]
        if isinstance(value, str):
            return MASK if value and SECRET_KEY.search(key) else self._text(value)
        return value

    def _text(self, text: str) -> str:
        return self._redactor.clean(text, lines=True).replace("\n  | ", "\n")


def _rows(c: Connection, table: str, where: str, plan_id: str) -> list[dict[str, object]]:
    names = [str(row[0]) for row in c.execute(_COLUMNS[_kind(c)], (table,)).fetchall()]
    query = f"SELECT {', '.join(names)} FROM {table} WHERE {where} LIMIT {MOST}"  # noqa: S608 - our own tables
    return [dict(zip(names, row, strict=True)) for row in c.execute(query, (plan_id,)).fetchall()]


_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info(?)",
    "postgresql": "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ?"
    " ORDER BY ordinal_position",
}


def _kind(c: Connection) -> str:
    return "sqlite" if type(c).__module__ == "sqlite3" else "postgresql"


def _deliveries(c: Connection, most: int) -> list[dict[str, object]]:
    query = (
        "SELECT hook_id, guid, event, received_at, outcome, note, size, body FROM inbox WHERE body IS NOT NULL"
        " ORDER BY id DESC LIMIT ?"
    )
    names = ("hook_id", "guid", "event", "received_at", "outcome", "note")
    found = []
    for row in c.execute(query, (most,)).fetchall():
        body = zstandard.ZstdDecompressor().decompress(bytes(row[7]), max_output_size=max(int(row[6]), 1))
        found.append(dict(zip(names, row, strict=False)) | {"payload": body})
    return found


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook in such a file."""

    hook_id: str
    guid: str
    event: str
    received_at: datetime
    payload: msgspec.Raw


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a file that can be replayed."""

    deliveries: list[Recorded] = []
