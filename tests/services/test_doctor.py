"""`python -m bot doctor`: each thing that is wrong is named with what to do, and what is right is said to be."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import yaml

from bot import doctor
from bot.clock import SystemClock
from bot.settings import ROLES, Settings
from services.sandbox.scenario import AppCredentials
from services.store.inbox import Delivery, Inbox
from services.store.sqlite import SqliteDatabase
from services.store.tenure import CONDUCTOR, WORKER
from tests.kit import postgres
from tests.kit.contract import Recorder
from tests.kit.sandbox import GitHub, running_github

SECRET = "s" * 40
MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "app.yml").read_text())


@pytest.fixture
async def stage(tmp_path: Path) -> Any:
    async with running_github(tmp_path / "github", Recorder()) as hub:

        def build() -> AppCredentials:
            hub.scenario.repo("acme/api", {})
            return hub.scenario.app("lockstep", MANIFEST["default_permissions"], webhook_secret=SECRET)

        app = await hub.do(build)
        key = tmp_path / "key.pem"
        key.write_text(app.private_key)
        key.chmod(0o600)
        settings = Settings(
            app_id=str(app.app_id), private_key=str(key), webhook_secret=SECRET, data_dir=str(tmp_path / "data"),
            github_api_url=hub.url, github_url=hub.url, sandbox="none", public_url="https://lockstep.example",
        )  # fmt: skip
        await hub.listens(app, "https://lockstep.example/webhook")
        yield hub, app, settings


async def verdicts(settings: Settings) -> dict[str, tuple[str, str]]:
    return {each.what: (each.verdict, f"{each.said} {each.fix}") for each in await doctor.examined(settings)}


async def test_what_is_right_is_said_to_be(stage: tuple[GitHub, AppCredentials, Settings]) -> None:
    found = await verdicts(stage[2])
    wrong = {what: said for what, (verdict, said) in found.items() if verdict == "wrong"}
    assert wrong == {}
    assert found["GitHub"] == ("ok", "answers as lockstep ")
    assert {"settings", "private key", "git", "database", "permissions", "webhook"} <= found.keys()


async def test_a_role_is_asked_only_for_what_it_needs(stage: tuple[GitHub, AppCredentials, Settings]) -> None:
    nowhere = "postgresql://lockstep@127.0.0.1:9/lockstep"
    settings = msgspec.structs.replace(stage[2], webhook_secret="", database_url=nowhere)
    found = {role: {each.what: each.verdict for each in await doctor.examined(settings, role)} for role in ROLES}
    assert {role: each["settings"] for role, each in found.items()} == {
        "all": "wrong", "web": "wrong", "conductor": "ok", "worker": "ok",
    }  # fmt: skip
    assert {role for role, each in found.items() if {"git", "box"} & each.keys()} == {"all", "worker"}
    assert all(each["database"] == "wrong" for each in found.values())


async def test_each_thing_that_is_wrong_is_named(
    stage: tuple[GitHub, AppCredentials, Settings], tmp_path: Path
) -> None:
    hub, app, settings = stage
    own = hub.sandbox.state.apps[app.app_id]
    own.permissions = {**own.permissions, "workflows": "write", "checks": "read"}
    await hub.listens(app, "https://elsewhere.example/hook")
    (tmp_path / "key.pem").chmod(0o644)
    found = await verdicts(msgspec.structs.replace(settings, webhook_secret=SECRET[:20]))
    assert found["private key"][0] == "wrong"
    assert "chmod 600" in found["private key"][1]
    assert found["permissions"][0] == "wrong"
    assert found["webhook"][0] == found["settings"][0] == "warning"
    said = [each for each in await doctor.examined(settings) if each.what == "permissions"]
    assert [("checks: write" in each.said, "workflows" in each.said) for each in said] == [(True, False), (False, True)]
    nobody = await verdicts(msgspec.structs.replace(settings, app_id="999"))
    assert nobody["GitHub"][0] == "wrong"
    away = await verdicts(msgspec.structs.replace(settings, github_api_url="http://127.0.0.1:9"))
    assert "LOCKSTEP_GITHUB_API_URL" in away["GitHub"][1]
    assert (await verdicts(Settings()))["settings"][0] == "wrong"


async def test_webhooks_that_wait_for_long_are_told(
    stage: tuple[GitHub, AppCredentials, Settings], tmp_path: Path
) -> None:
    database = SqliteDatabase(tmp_path / "data" / "lockstep.sqlite")
    (tmp_path / "data").mkdir()
    await database.open()
    inbox, now = Inbox(database), SystemClock().now()
    await inbox.put(Delivery(hook_id="1", guid="new", event="push", received_at=now, body=b"{}"))
    assert (await verdicts(stage[2]))["inbox"][0] == "ok"
    await inbox.settle(1, "handled")
    old = now - timedelta(minutes=10)
    await inbox.put(Delivery(hook_id="1", guid="old", event="push", received_at=old, body=b"{}"))
    verdict, said = (await verdicts(stage[2]))["inbox"]
    assert verdict == "wrong"
    assert said.startswith("the oldest webhook has waited for 10 min Start the bot, which takes them up;")
    await database.close()


async def test_a_conductor_without_workers_is_told(tmp_path: Path) -> None:
    with postgres.database() as url:
        settings = Settings(database_url=url, data_dir=str(tmp_path))
        with psycopg.connect(url, autocommit=True) as conductor, psycopg.connect(url, autocommit=True) as worker:
            (none,) = await doctor._workers(settings)
            conductor.execute("SELECT pg_advisory_lock_shared(%s, 0)", (CONDUCTOR,))
            (alone,) = await doctor._workers(settings)
            worker.execute("SELECT pg_advisory_lock_shared(%s, 2)", (WORKER,))
            (both,) = await doctor._workers(settings)
            conductor.execute("SELECT pg_advisory_unlock_all()")
            (other,) = await doctor._workers(settings)
    assert (none.verdict, none.said) == ("warning", "none conducts or works (conductors 0, workers 0)")
    assert (alone.verdict, alone.said) == ("wrong", "no worker is there (conductors 1, workers 0)")
    assert "--role worker" in alone.fix
    assert (both.verdict, both.said) == ("ok", "conductors 1, workers 1")
    assert (other.verdict, other.said) == ("wrong", "no conductor is there (conductors 0, workers 1)")
