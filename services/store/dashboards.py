"""Where the dashboard of each owner stands, and what it last showed."""

from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.store.db import Connection, Database


class DashboardRow(msgspec.Struct, frozen=True, kw_only=True):
    """number: 0 before it is known.  begun_at: when it was first wanted there.  shown: digest of its text."""

    owner: str
    repo: str
    begun_at: str
    number: int = 0
    shown: str = ""


_COLUMNS = ", ".join(DashboardRow.__struct_fields__)


class Dashboards:
    """The table `dashboard`; an owner in lower case."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def wanted(self, owner: str, repo: str, now: datetime) -> DashboardRow:
        """The owner's, in this repository: what is known of one elsewhere is forgotten, and the issue there is left."""
        values = (owner.lower(), repo, to_text(now))

        def write(c: Connection) -> DashboardRow:
            query = "INSERT INTO dashboard (owner, repo, begun_at, number, shown) VALUES (?,?,?,0,'')"
            c.execute(f"{query} ON CONFLICT DO NOTHING", values)
            if _read(c, "owner = ?", values[0]).repo.lower() != repo.lower():
                c.execute("DELETE FROM dashboard WHERE owner = ?", (values[0],))
                c.execute(query, values)
            return _read(c, "owner = ?", values[0])

        return await self._db.write(write)

    async def shows(self, owner: str, number: int, shown: str) -> None:
        values = (number, shown, owner.lower())
        await self._db.write(lambda c: c.execute("UPDATE dashboard SET number = ?, shown = ? WHERE owner = ?", values))

    async def overwritten(self, owner: str) -> None:
        """Somebody has changed it."""
        await self._db.write(lambda c: c.execute("UPDATE dashboard SET shown = '' WHERE owner = ?", (owner.lower(),)))

    async def get(self, owner: str) -> DashboardRow | None:
        def read(c: Connection) -> DashboardRow | None:
            found = c.execute("SELECT 1 FROM dashboard WHERE owner = ?", (owner.lower(),)).fetchone()
            return _read(c, "owner = ?", owner.lower()) if found else None

        return await self._db.read(read)

    async def homes(self) -> list[str]:
        """The repositories in which they stand."""
        query = "SELECT repo FROM dashboard ORDER BY owner"
        return await self._db.read(lambda c: [str(row[0]) for row in c.execute(query)])


def _read(c: Connection, where: str, value: str) -> DashboardRow:
    row = c.execute(f"SELECT {_COLUMNS} FROM dashboard WHERE {where}", (value,)).fetchone()  # noqa: S608 - our own columns
    return msgspec.convert(dict(zip(DashboardRow.__struct_fields__, row, strict=True)), DashboardRow)
