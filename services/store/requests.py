"""Commands that were given through the API or on a page: who, what, why, and what came of it.

A row is written with its command's delivery (services/store/inbox.py), so that whoever gave it can ask for it from the
moment it was taken, and it goes when that does; what was done in somebody's name stays in the history of its plan.
"""

from typing import Literal

import msgspec

from services.store.db import Connection, Database

State = Literal["waiting", "done", "refused"]
_COLUMNS = "id, at, login, via, repo, number, command, why, state, answer"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One command. via: `page`, or the name of a token.  answer: Markdown of ours, once it is not waiting any more."""

    id: str
    at: str
    login: str
    via: str
    repo: str
    number: int
    command: str
    why: str = ""
    state: State = "waiting"
    answer: str = ""


class Requests:
    """The table `request`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, request_id: str) -> Request | None:
        query = f"SELECT {_COLUMNS} FROM request WHERE id = ?"  # noqa: S608 - our own column list
        row = await self._database.read(lambda c: c.execute(query, (request_id,)).fetchone())
        return _request(row) if row is not None else None

    async def newest(self, login: str, before: tuple[str, str] | None, limit: int) -> list[Request]:
        """Of one person (of all for ""), the newest first; before: (at, id) of the last one seen."""
        at, row = before or ("9", "")
        query = (
            f"SELECT {_COLUMNS} FROM request WHERE (? = '' OR login = ?) AND (at, id) < (?, ?)"  # noqa: S608 - our own column list
            " ORDER BY at DESC, id DESC LIMIT ?"
        )
        values = (login, login, at, row, limit)
        return await self._database.read(lambda c: [_request(row) for row in c.execute(query, values)])

    async def settle(self, request_id: str, state: State, answer: str) -> None:
        """Say what came of it."""
        query = "UPDATE request SET state = ?, answer = ? WHERE id = ?"
        await self._database.write(lambda c: c.execute(query, (state, answer, request_id)))


def put(c: Connection, request: Request) -> None:
    """Part of a transaction."""
    row = tuple(getattr(request, name) for name in _COLUMNS.split(", "))
    c.execute(f"INSERT INTO request ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)", row)  # noqa: S608 - our own column list


def drop(c: Connection, before: str, most: int) -> int:
    """One step of retention; what waits is still to be answered."""
    old = "SELECT id FROM request WHERE at < ? AND state <> 'waiting' ORDER BY at LIMIT ?"
    query = f"DELETE FROM request WHERE id IN ({old})"  # noqa: S608 - our own words
    return c.execute(query, (before, most)).rowcount


def _request(row: tuple[object, ...]) -> Request:
    return Request(**dict(zip(_COLUMNS.split(", "), row, strict=True)))  # type: ignore[arg-type]  # as the table has them
