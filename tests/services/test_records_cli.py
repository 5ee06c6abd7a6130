"""`python -m bot records`, beside a bot that has the database open."""

import asyncio
import json
from pathlib import Path

import pytest

from bot import records
from services.store.past import Merged, PastTasks
from services.store.sqlite import SqliteDatabase


async def test_what_was_learned_is_printed_and_deleted_while_the_bot_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path))

    async def run(*words: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(records.main, [*words])
        return (status, *capsys.readouterr())

    assert (await run("export", "acme"))[0] == 2, "there is no database yet"
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    try:
        past = PastTasks(database)
        await past.record([Merged(key="acme/api/1", repo="acme/api", title="Parse dates", paths=("a/dates.py",))])
        status, out, _ = await run("export", "Acme/API")
        assert (status, json.loads(out)["title"]) == (0, "Parse dates")
        assert await run("export", "acme/web") == (0, "", "Nothing was learned of acme/web.\n")
        assert await run("delete", "acme") == (0, "1 records are deleted.\n", "")
        assert await past.alike("acme/api", "Parse dates") == [], "the bot knows at once"
    finally:
        await database.close()
