"""`python -m bot doctor`: each thing that is wrong is named with what to do, and what is right is said to be."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from bot import doctor
from bot.settings import Settings
from services.sandbox.scenario import AppCredentials
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
