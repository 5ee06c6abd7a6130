"""Export, replay, backup and restore: what helps when something went wrong, beside a bot that runs."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from bot import backup, export, replay
from services.core.task_state import TaskState
from services.store.inbox import Delivery, Inbox
from services.store.plans import Plans
from services.store.sqlite import SqliteDatabase
from tests.kit.plans import NOW
from tests.kit.stored import stored_run

TOKEN = "ghs_" + "a" * 36
SECRET = "the webhook's own secret"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LOCKSTEP_WEBHOOK_SECRET", SECRET)
    return tmp_path


async def filled(here: Path) -> SqliteDatabase:
    """A store with a plan, and a webhook that was handled."""
    database = SqliteDatabase(here / "lockstep.sqlite")
    await database.open()
    await stored_run(database, TaskState(id="a", reason=f"said {TOKEN} and {SECRET}"))
    inbox = Inbox(database)
    payload = {"repository": {"full_name": "acme/platform"}, "comment": {"body": TOKEN}, "client_secret": "abc"}
    await inbox.put(
        Delivery(hook_id="1", guid="g1", event="issues", received_at=NOW, body=json.dumps(payload).encode())
    )
    await inbox.settle((await inbox.waiting(1))[0].row, "handled")
    return database


async def test_a_bundle_holds_no_secret_and_can_be_replayed(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await filled(here)
    file = here / "bundle.json"
    words = ["acme/platform#1", "--deliveries", "5", "--out", str(file)]
    assert await asyncio.to_thread(export.main, words) == 0
    text = file.read_text()
    assert TOKEN not in text
    assert SECRET not in text
    found = json.loads(text)
    assert found["deliveries"][0]["payload"]["client_secret"] == "***"
    assert found["task"][0]["data"]["id"] == "a"
    assert file.stat().st_mode & 0o077 == 0
    assert await asyncio.to_thread(export.main, ["acme/other#1"]) == 2
    assert await Inbox(database).waiting(5) == []
    assert await asyncio.to_thread(replay.main, ["g1"]) == 0
    assert [each.guid for each in await Inbox(database).waiting(5)] == ["g1"]
    assert await asyncio.to_thread(replay.main, ["g2"]) == 1
    await database.close()

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(elsewhere))
    other = SqliteDatabase(elsewhere / "lockstep.sqlite")
    await other.open()
    assert await asyncio.to_thread(replay.main, [str(file)]) == 0
    (again,) = await Inbox(other).waiting(5)
    assert (again.guid, json.loads(again.body)["comment"]["body"]) == ("g1", "***")
    await other.close()


async def test_a_copy_is_made_while_the_bot_runs_and_put_back_while_it_does_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = await filled(here)
    copy = here / "copy.sqlite"
    assert await asyncio.to_thread(backup.main, [str(copy)]) == 0
    assert await asyncio.to_thread(backup.main, [str(copy)]) == 2, "it is there already"
    await database.write(lambda c: c.execute("DELETE FROM task"))
    assert await asyncio.to_thread(backup.restore, [str(copy)]) == 2, "the bot runs"
    await database.close()
    (here / "rubbish").write_bytes(b"no database" * 100)
    assert await asyncio.to_thread(backup.restore, [str(here / "rubbish")]) == 2
    assert await asyncio.to_thread(backup.restore, [str(copy)]) == 0
    assert capsys.readouterr().out.endswith("Restored; what was there before is lockstep.sqlite.before.\n")
    again = SqliteDatabase(here / "lockstep.sqlite")
    await again.open()
    assert await Plans(again).get("acme/platform#1") is not None
    assert await again.read(lambda c: c.execute("SELECT count(*) FROM task").fetchone()[0]) == 1
    await again.close()
    with sqlite3.connect(here / "lockstep.sqlite.before") as before:
        assert before.execute("SELECT count(*) FROM task").fetchone()[0] == 0
    before.close()
    (here / "lockstep.sqlite").unlink()
    assert await asyncio.to_thread(backup.restore, [str(copy)]) == 0
    assert capsys.readouterr().out == "Restored.\n", "nothing was there"
