"""`serve --role`: each role starts with what it needs and no more."""

import asyncio
import signal
from pathlib import Path

import psycopg
import pytest

from bot.settings import ROLES, Role, Settings, check_for_serving
from services.errors import UserError
from services.store.migrate import TURN
from tests.kit.crash.hosts import free_port
from tests.kit.crash.process import Process
from tests.kit.postgres import server

FULL = Settings(
    app_id="1", private_key="key", webhook_secret="sixteen letters!", database_url="postgresql://somewhere/lockstep"
)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "all"])
def test_a_part_of_the_work_needs_a_database_that_is_shared(role: Role) -> None:
    with pytest.raises(UserError, match="set LOCKSTEP_DATABASE_URL, or start without --role"):
        check_for_serving(Settings(app_id="1", private_key="key", webhook_secret="sixteen letters!"), role)
    check_for_serving(FULL, role)


def test_a_web_needs_no_key_and_the_others_no_webhook_secret() -> None:
    """A secret that is not there can't leak."""
    url = "postgresql://somewhere/lockstep"
    check_for_serving(Settings(webhook_secret="sixteen letters!", database_url=url), "web")
    for role in ("conductor", "worker"):
        check_for_serving(Settings(app_id="1", private_key="key", database_url=url), role)
        with pytest.raises(UserError, match="Set LOCKSTEP_APP_ID and LOCKSTEP_PRIVATE_KEY first"):
            check_for_serving(Settings(webhook_secret="sixteen letters!", database_url=url), role)
    with pytest.raises(UserError, match="Set LOCKSTEP_WEBHOOK_SECRET first"):
        check_for_serving(Settings(app_id="1", private_key="key", database_url=url), "web")


def test_one_that_does_everything_needs_everything_and_no_server() -> None:
    check_for_serving(Settings(app_id="1", private_key="key", webhook_secret="sixteen letters!"))
    with pytest.raises(UserError, match="LOCKSTEP_WEBHOOK_SECRET"):
        check_for_serving(Settings(app_id="1", private_key="key"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_who_waits_for_its_turn_to_change_the_schema_ends_when_it_is_told_to(
    number: signal.Signals, tmp_path: Path
) -> None:
    """By a handler, whose status is 0: the first process of a container has no default. Its session ends with it."""
    waits = "SELECT count(*) FROM pg_locks, pg_sleep(0.02) WHERE locktype = 'advisory' AND NOT granted"
    with server().fresh() as url, psycopg.connect(url, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", (TURN,))
        settings = {
            "LOCKSTEP_DATABASE_URL": url,
            "LOCKSTEP_WEBHOOK_SECRET": "sixteen letters!",
            "LOCKSTEP_DATA_DIR": str(tmp_path),
            "LOCKSTEP_PORT": str(free_port()),
        }
        bot = Process(("serve", "--role", "web"), settings, tmp_path / "bot.log")
        async with asyncio.timeout(30.0):
            await bot.start()
            while first.execute(waits).fetchone() == (0,):
                assert bot.is_running, bot.last_words()
                await asyncio.sleep(0)
            bot.send(number)
            assert await bot.ended() == 0
            assert any(first.execute(waits).fetchone() == (0,) for _ in range(500))
