"""Plans that a model was asked for, or that a flow makes, each with how far it has come, so that a crash costs one call
at most.

asked: the model is to be called, and `answers` is what it has said so far.  written: the draft is known and not shown
yet.  posted: its comment stands on the issue, and as long as the issue holds no plan of its own, this is its plan.
failed, void: it came to nothing, or something else has taken its place.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import Literal

import msgspec

from services.core.shards import shard_of
from services.store.db import DAMAGED, Connection, Database
from services.store.plans import note, want

State = Literal["asked", "written", "posted", "failed", "void"]
OPEN = ("asked", "written")
MOST = 20
"""Drafts that one issue may have; whoever wants more writes the plan."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. actor: who asked for it, asked_at: when.  answers: the model's turns as the engine keeps them.

    text, hash: the plan as YAML. repos: that it may name.  posted_at: of the comment, by GitHub's clock.  why: it
    failed.  flow: that makes it, where no model does.
    """

    plan_id: str
    n: int
    repo: str
    number: int
    actor: str
    asked_at: str
    state: State = "asked"
    tries: int = 0
    answers: tuple[str, ...] = ()
    text: str = ""
    hash: str = ""
    repos: tuple[str, ...] = ()
    model: str = ""
    prompt: str = ""
    comment_id: str = ""
    posted_at: str = ""
    why: str = ""
    flow: str = ""

    @property
    def key(self) -> str:
        """Of its comment: there is one, however often it is tried."""
        return f"draft/{self.repo}/{self.number}/{self.n}"


class Drafts:
    """The table `draft`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, plan_id: str) -> Draft | None:
        return await self._database.read(lambda c: _newest(c, plan_id))

    async def posted(self, plan_id: str) -> Draft | None:
        """The newest one that is shown."""
        query = "SELECT data FROM draft WHERE plan_id = ? AND state = 'posted' ORDER BY n DESC LIMIT 1"
        row = await self._database.read(lambda c: c.execute(query, (plan_id,)).fetchone())
        return msgspec.json.decode(row[0], type=Draft) if row is not None else None

    async def get(self, plan_id: str, n: int) -> Draft | None:
        query = "SELECT data FROM draft WHERE plan_id = ? AND n = ?"
        row = await self._database.read(lambda c: c.execute(query, (plan_id, n)).fetchone())
        return msgspec.json.decode(row[0], type=Draft) if row is not None else None

    async def ask(self, repo: str, number: int, actor: str, asked_at: str) -> tuple[Draft, bool]:
        """The draft that is under way or was asked for just so, else a new one; whether it is new. A draft that is
        refused for there are too many is the newest one, as it is.
        """
        plan_id = f"{repo}#{number}"
        return await self.add(Draft(plan_id=plan_id, n=0, repo=repo, number=number, actor=actor, asked_at=asked_at))

    async def add(self, draft: Draft) -> tuple[Draft, bool]:
        """The same for a draft of which more is known; its number is given here."""

        def write(c: Connection) -> tuple[Draft, bool]:
            last = _newest(c, draft.plan_id)
            n = last.n if last is not None else 0
            if last is not None and (
                last.state in OPEN or n >= MOST or (last.actor, last.asked_at) == (draft.actor, draft.asked_at)
            ):
                return last, False
            numbered = msgspec.structs.replace(draft, n=n + 1)
            _put(c, numbered)
            return numbered, True

        return await self._database.write(write)

    async def save(self, draft: Draft, now: datetime) -> bool:
        """How far it has come; False when something else has taken its place meanwhile."""

        def write(c: Connection) -> bool:
            query = "SELECT state FROM draft WHERE plan_id = ? AND n = ?"
            before = c.execute(query, (draft.plan_id, draft.n)).fetchone()
            if before is None or before[0] == "void":
                return False
            _put(c, draft)
            if draft.state == "posted" and before[0] != "posted":
                note(c, draft.plan_id, "drafted", draft.actor, draft.hash, now)
                older = [each for each in _all(c, draft.plan_id) if each.n < draft.n and each.state == "posted"]
                for each in older:
                    _put(c, msgspec.structs.replace(each, state="void"))
            return True

        return await self._database.write(write)

    async def void(self, plan_id: str) -> None:
        """The issue has a plan of its own now, and no draft counts any more."""

        def write(c: Connection) -> None:
            for draft in _all(c, plan_id):
                if draft.state not in {"failed", "void"}:
                    _put(c, msgspec.structs.replace(draft, state="void"))

        await self._database.write(write)

    async def open(self, shards: Collection[int] | None) -> list[Draft]:
        """Those that somebody waits for, also for their plan to be read, of these shards (None: of all)."""
        query = (
            "SELECT data FROM draft WHERE state IN ('asked', 'written') OR (state = 'posted' AND NOT EXISTS"
            " (SELECT 1 FROM plan WHERE plan.id = draft.plan_id AND plan.draft = draft.n)) ORDER BY plan_id, n"
        )
        rows = await self._database.read(lambda c: c.execute(query).fetchall())
        found: list[Draft] = []
        for (data,) in rows:
            with suppress(*DAMAGED):  # one that can't be read holds up no other
                found.append(msgspec.json.decode(data, type=Draft))
        return [draft for draft in found if shards is None or shard_of(draft.repo) in shards]


def _newest(c: Connection, plan_id: str) -> Draft | None:
    row = c.execute("SELECT data FROM draft WHERE plan_id = ? ORDER BY n DESC LIMIT 1", (plan_id,)).fetchone()
    return msgspec.json.decode(row[0], type=Draft) if row is not None else None


def _all(c: Connection, plan_id: str) -> list[Draft]:
    rows = c.execute("SELECT data FROM draft WHERE plan_id = ? ORDER BY n", (plan_id,)).fetchall()
    return [msgspec.json.decode(row[0], type=Draft) for row in rows]


def _put(c: Connection, draft: Draft) -> None:
    c.execute(
        "INSERT INTO draft (plan_id, n, state, data) VALUES (?,?,?,?)"
        " ON CONFLICT (plan_id, n) DO UPDATE SET state = excluded.state, data = excluded.data",
        (draft.plan_id, draft.n, draft.state, msgspec.json.encode(draft)),
    )
    want(c, draft.repo, draft.number)
