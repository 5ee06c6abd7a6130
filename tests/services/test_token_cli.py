"""`python -m bot token`, beside a bot that has the database open."""

import asyncio
from pathlib import Path

import pytest

from bot import token_cli
from bot.clock import SystemClock
from services.store.access import Access
from services.store.sqlite import SqliteDatabase


async def test_a_token_is_made_listed_and_revoked_while_the_bot_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path))

    async def run(*words: str) -> tuple[int, str]:
        status = await asyncio.to_thread(token_cli.main, [*words])
        return status, capsys.readouterr().out

    assert (await run("list"))[0] == 2, "there is no database yet"
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    try:
        status, secret = await run("add", "Ana", "--name", "ci", "--scopes", "read,act", "--days", "7")
        found = await Access(database).token(secret.strip(), SystemClock().now())
        assert status == 0
        assert found is not None
        assert (found.login, found.name, found.scopes) == ("ana", "ci", ("read", "act"))
        assert (await run("add", "ana", "--name", "ci"))[0] == 2, "there is one of that name"
        assert (await run("add", "ana", "--scopes", "all"))[0] == 2
        status, listed = await run("list")
        assert listed.startswith("ana  ci  read,act  until 20")
        assert secret.strip() not in listed
        assert [(await run("revoke", "ana", "ci"))[0] for _ in range(2)] == [0, 1]
    finally:
        await database.close()
