"""`python -m bot setup`: from the page on this machine over GitHub's to credentials that only their owner can read."""

import asyncio
import html
import json
import re
from pathlib import Path

import aiohttp
import pytest

from bot import setup
from bot.settings import Settings, check_for_serving, read_settings
from services.errors import UserError
from tests.kit.contract import Recorder
from tests.kit.sandbox import running_github

URL = "https://lockstep.example"


async def test_the_app_is_made_and_its_credentials_are_written(tmp_path: Path) -> None:
    contract = Recorder()
    async with running_github(tmp_path / "github", contract) as hub, aiohttp.ClientSession() as browser:
        settings = Settings(github_url=hub.url, github_api_url=hub.url)
        run = setup.Setup(settings, URL, "acme", "", tmp_path)
        running = asyncio.create_task(run.run(0, opens=False))
        await run.listens.wait()
        here = run.here
        async with browser.get(f"{here}/") as page:
            text = await page.text()
            assert "unsafe" not in page.headers["Content-Security-Policy"]
        action, sent = (html.unescape(re.search(rf'{name}="([^"]+)"', text)[1]) for name in ("action", "value"))  # type: ignore[index]
        assert json.loads(sent)["hook_attributes"]["url"] == f"{URL}/webhook"
        async with browser.post(action, data={"manifest": sent}, allow_redirects=False) as answer:
            assert answer.status == 302
            back = answer.headers["Location"]
        for wrong in (back.replace("state=", "state=x"), f"{here}/made?code=x"):
            async with browser.get(wrong) as answer:
                assert answer.status == 403
        async with browser.get(f"{here}/", headers={"X-Forwarded-For": "203.0.113.7"}) as answer:
            assert answer.status == 403
        async with browser.get(back) as answer:
            assert answer.status == 200
            assert "installations/new" in await answer.text()
        await running
    values = dict(line.split("=", 1) for line in (tmp_path / setup.ENV).read_text().splitlines())
    made = read_settings({name: value.strip("'") for name, value in values.items()})
    check_for_serving(made)
    assert (made.public_url, bool(made.client_secret)) == (URL, True)
    for name in (setup.ENV, setup.KEY):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / setup.KEY).read_text().startswith("-----BEGIN")
    with pytest.raises(UserError, match="there already"):
        setup._check(URL, "", tmp_path)


@pytest.mark.parametrize("url", ["lockstep.example", "http://lockstep.example", "https://a.example/path", "ftp://a"])
def test_an_address_that_can_not_be_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        setup._check(url, "", tmp_path)
