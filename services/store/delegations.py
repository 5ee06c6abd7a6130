"""What people may do in the name of others: given for one text of a plan, void with the next, and never out of the
history: who gave it, who took it back, and each time it was used.
"""

from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.delegation import Delegation
from services.store.db import Connection, Database
from services.store.plans import note

MOST = 20
"""People who may act in somebody's name in one plan."""


class Delegations:
    """The table `delegation`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, plan_id: str) -> list[Delegation]:
        """Those that hold for the plan's text as it was last read, by login."""
        query = (
            "SELECT d.body FROM delegation d JOIN plan p ON p.id = d.plan_id AND p.hash = d.hash"
            " WHERE d.plan_id = ? ORDER BY d.login"
        )
        return await self._db.read(
            lambda c: [msgspec.json.decode(row[0], type=Delegation) for row in c.execute(query, (plan_id,))]
        )

    async def give(self, plan_id: str, plan_hash: str, given: Delegation, now: datetime) -> bool:
        """From now on exactly these; False when the plan's text is another one by now, or too many have something."""

        def write(c: Connection) -> bool:
            if c.execute("SELECT 1 FROM plan WHERE id = ? AND hash = ?", (plan_id, plan_hash)).fetchone() is None:
                return False
            c.execute("DELETE FROM delegation WHERE plan_id = ? AND hash <> ?", (plan_id, plan_hash))
            query = "SELECT count(*) FROM delegation WHERE plan_id = ? AND login <> ?"
            others = c.execute(query, (plan_id, given.login.lower())).fetchone()
            if others is not None and others[0] >= MOST:
                return False
            body = msgspec.json.encode(msgspec.structs.replace(given, at=to_text(now)))
            c.execute(
                "INSERT INTO delegation (plan_id, login, hash, body) VALUES (?,?,?,?)"
                " ON CONFLICT (plan_id, login) DO UPDATE SET hash = excluded.hash, body = excluded.body",
                (plan_id, given.login.lower(), plan_hash, body),
            )
            verbs = ", ".join(f"`{verb}`" for verb in given.verbs)
            note(c, plan_id, "delegated", given.by, f"`{given.login}` may use {verbs}", now)
            return True

        return await self._db.write(write)

    async def take_back(self, plan_id: str, login: str, by: str, now: datetime) -> bool:
        """False when there was nothing to take back."""

        def write(c: Connection) -> bool:
            done = c.execute("DELETE FROM delegation WHERE plan_id = ? AND login = ?", (plan_id, login.lower()))
            if done.rowcount:
                note(c, plan_id, "undelegated", by, f"`{login}`", now)
            return bool(done.rowcount)

        return await self._db.write(write)

    async def used(self, plan_id: str, lent: Delegation, command: str, now: datetime) -> None:
        """Somebody acts in somebody else's name; `command` is made of plain words."""
        text = f"`{command}` in the name of `{lent.by}`"
        await self._db.write(lambda c: note(c, plan_id, "lent", lent.login, text, now))
