"""Many rows in one statement: every row once, whatever their number."""

from collections.abc import AsyncIterator

import pytest

from services.errors import StoreError
from services.store.db import Connection, Database
from services.store.rows import with_keys, write_rows
from tests.kit.store import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place.database()
    await database.open()
    yield database
    await database.close()


@pytest.mark.parametrize("count", [0, 1, 3, 64, 127, 128, 129, 300])
async def test_every_row_is_written_once_and_every_key_met(database: Database, count: int) -> None:
    rows = [(f"comment-{n}", "now") for n in range(count)]

    def write(c: Connection) -> list[str]:
        add = "INSERT INTO command (comment_id, at) VALUES {rows} ON CONFLICT DO NOTHING RETURNING comment_id"
        first = write_rows(c, add, rows)
        again = write_rows(c, add, [*rows, ("one more", "now")])
        with_keys(c, "UPDATE command SET at = ? WHERE comment_id IN {keys}", ("later",), [row[0] for row in rows])
        assert again == [("one more",)]
        return [str(row[0]) for row in first]

    assert sorted(await database.write(write)) == sorted(row[0] for row in rows)
    stored = await database.read(lambda c: c.execute("SELECT at, count(*) FROM command GROUP BY at").fetchall())
    assert dict(stored) == ({"later": count} if count else {}) | {"now": 1}


async def test_a_write_that_fails_in_a_later_part_holds_up_none_after_it(database: Database) -> None:
    """The error is kept, and with it whatever the failed write had begun."""
    add = "INSERT INTO command (comment_id, at) VALUES {rows} ON CONFLICT DO NOTHING RETURNING comment_id"
    rows: list[tuple[str, str | None]] = [(f"comment-{n}", "now") for n in range(4)]
    with pytest.raises(StoreError) as kept:
        await database.write(lambda c: write_rows(c, add, [*rows, ("nowhen", None)]))
    assert kept.value.__cause__ is not None
    assert sorted(await database.write(lambda c: write_rows(c, add, rows))) == [(row[0],) for row in rows]
    assert await database.read(lambda c: c.execute("SELECT count(*) FROM command").fetchone()) == (4,)
