"""How far GitHub's log of deliveries was compared with the inbox, and the times in which deliveries were lost."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.core.clock import from_text, to_text
from services.core.gaps import APART, Blind
from services.store.db import Connection, Database

CHUNK = 200


class Gaps:
    """The tables `checked` and `blind`; of the inbox only what is known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checked(self) -> datetime | None:
        """Until when the log was compared, by GitHub's clock; None before the first time."""
        query = "SELECT until FROM checked WHERE id = 1"
        row = await self._database.read(lambda c: c.execute(query).fetchone())
        return from_text(row[0]) if row is not None else None

    async def known(self, guids: Collection[str]) -> set[str]:
        """Which of these are in the inbox."""
        wanted = list(guids)
        if not wanted:
            return set()

        def read(c: Connection) -> set[str]:
            found: set[str] = set()
            for at in range(0, len(wanted), CHUNK):
                part = wanted[at : at + CHUNK]
                marks = ",".join("?" * len(part))
                query = f"SELECT guid FROM inbox WHERE guid IN ({marks})"  # noqa: S608 - only question marks
                found.update(str(row[0]) for row in c.execute(query, part))
            return found

        return await self._database.read(read)

    async def note(self, until: datetime, windows: Sequence[Blind]) -> None:
        """The log was compared until then, and these were found."""

        def write(c: Connection) -> None:
            c.execute(
                "INSERT INTO checked (id, until) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until",
                (to_text(until),),
            )
            for window in windows:
                _note(c, window)

        await self._database.write(write)

    async def blind(self, limit: int = 20) -> list[Blind]:
        """The newest windows first."""
        query = "SELECT began, ended, missed, recovered, unseen FROM blind ORDER BY began DESC LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(query, (limit,)).fetchall())
        return [_blind(row) for row in rows]


def _note(c: Connection, window: Blind) -> None:
    """As a part of the newest one, where it goes on."""
    query = "SELECT began, ended, missed, recovered, unseen FROM blind ORDER BY began DESC LIMIT 1"
    row = c.execute(query).fetchone()
    last = _blind(row) if row is not None else None
    if last is not None and last.unseen == window.unseen and window.began - last.ended <= APART:
        c.execute(
            "UPDATE blind SET ended = ?, missed = ?, recovered = ? WHERE began = ?",
            (
                to_text(max(last.ended, window.ended)), last.missed + window.missed, last.recovered + window.recovered,
                to_text(last.began),
            ),
        )  # fmt: skip
        return
    c.execute(
        "INSERT INTO blind (began, ended, missed, recovered, unseen) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
        (to_text(window.began), to_text(window.ended), window.missed, window.recovered, int(window.unseen)),
    )


def _blind(row: tuple[str, str, int, int, int]) -> Blind:
    return Blind(began=from_text(row[0]), ended=from_text(row[1]), missed=row[2], recovered=row[3], unseen=bool(row[4]))
