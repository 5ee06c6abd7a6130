"""Durable before answered: what a writer said it had stored is there after kill -9."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.store import Place

ROOT = Path(__file__).parents[2]
WRITER = """
import asyncio, sys
from pathlib import Path
from services.store.arrivals import Arrivals
from services.store.opening import database_at
from tests.kit.ingest import delivery

async def main() -> None:
    database = database_at(sys.argv[1], Path(sys.argv[2]))
    await database.open()
    arrivals = Arrivals(database)

    async def one(lane: int) -> None:
        number = 0
        while True:
            guid = f"g-{lane}-{number}"
            await arrivals.put(delivery(guid.encode() * 200, guid=guid))
            sys.stdout.write(guid + chr(10))  # the answer: only after the commit
            sys.stdout.flush()
            number += 1

    async with asyncio.TaskGroup() as group:
        for lane in range(32):
            group.create_task(one(lane))

asyncio.run(main())
"""


@pytest.mark.parametrize("answers", [1, 150, 700])
def test_every_answered_delivery_is_there_after_kill_9(place: Place, answers: int) -> None:
    command = [sys.executable, "-c", WRITER, place.url, str(place.path.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        answered = [writer.stdout.readline().strip() for _ in range(answers)]
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
    answered += rest[:-1]  # a last line that was cut was not an answer

    if not place.url:
        assert place.rows("PRAGMA integrity_check") == [("ok",)]
    stored = {row[0] for row in place.rows("SELECT guid FROM inbox WHERE outcome IS NULL")}
    assert len(answered) >= answers
    assert set(answered) <= stored
