"""Makes the dumps of tests/services/data/store: a real plan, stopped in the middle, as the database has it then, and a
row in each table that it leaves empty.

    python -m tests.kit.dumps

Run it when a version is released. It writes one file for each kind of database, named after the schema's number. Bodies
of webhooks are left out, and nothing else in there is particular to the machine.
"""

import asyncio
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg
import zstandard

from services.store.opening import database_at
from tests.kit import postgres
from tests.kit.furnished import furnish
from tests.kit.store import KINDS, place
from tests.kit.story import told

DUMPS = Path(__file__).parents[1] / "services" / "data" / "store"
PLAN = """\
- [ ] **schema** Add `currency` to the schema (acme/schema) · run: echo currency >> fields.txt
- [ ] **api** Serve the currency (acme/api) · needs: schema · run: tail -f /dev/null
- [ ] **docs** Describe it (acme/api) · needs: api · run: echo "Orders have a currency." >> README.md
"""
SCRUBBED = (
    "UPDATE inbox SET body = NULL",
    "DELETE FROM cache",
    "DELETE FROM inbox WHERE id < (SELECT max(id) FROM inbox) - 2",
    "UPDATE inbox SET event = 'ping', outcome = NULL, size = 14 WHERE id = (SELECT max(id) FROM inbox)",
)
WAITS = zstandard.ZstdCompressor(level=1).compress(b'{"zen": "ok"}\n')


async def middle(folder: Path, url: str) -> None:
    """A plan of three: one merged, one whose attempt runs when the bot is stopped, one that waits for it."""
    async with told(folder) as story:
        await story.begin(["acme/schema", "acme/api"], database_url=url)
        await story.run(PLAN, title="Orders carry a currency")
        await story.until("(acme/schema) | ✅ done", "(acme/api) | 🔵 running")
        await story.stop()
    database = database_at(url, folder / "data")
    await database.open()
    await furnish(database, "acme/schema#1", "acme/schema-1-r1")
    await database.close()


def of_file(path: Path) -> tuple[int, str]:
    """(version, dump)."""
    with closing(sqlite3.connect(path)) as file:
        for statement in SCRUBBED:
            file.execute(statement)
        file.execute("UPDATE inbox SET body = ? WHERE outcome IS NULL", (WAITS,))
        file.commit()
        (version,) = file.execute("SELECT max(version) FROM schema_version").fetchone()
        return int(version), "\n".join(file.iterdump()) + "\n"


def of_server(url: str) -> tuple[int, str]:
    """The same; one INSERT a row, without what belongs to psql or to the server it came from."""
    with psycopg.connect(url) as server:
        for statement in SCRUBBED:
            server.execute(statement.encode())
        server.execute("UPDATE inbox SET body = %s WHERE outcome IS NULL", (WAITS,))
        server.execute("UPDATE lockstep_queue_log SET traceback = NULL")  # it names files of this machine
        server.commit()
        row = server.execute("SELECT max(version) FROM schema_version").fetchone()
    programs = postgres.binaries()
    assert row is not None
    assert programs is not None
    command = [str(programs / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", "--no-tablespaces", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [
        line
        for line in text.splitlines()
        if line and not line.startswith(("--", "\\", "SET ", "SELECT pg_catalog.set_config"))
    ]
    return int(row[0]), "\n".join(lines) + "\n"


def main() -> None:
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder, place(kind, Path(folder)) as where:
            asyncio.run(middle(Path(folder), where.url))
            version, text = of_server(where.url) if where.url else of_file(Path(folder) / "data" / "lockstep.sqlite")
        (DUMPS / kind / f"{version:03}.sql").write_text(text)


if __name__ == "__main__":
    main()
