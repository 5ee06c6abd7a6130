"""A person signs in with GitHub, sees what they may read there, and gives commands that GitHub's permissions decide."""

import re
from urllib.parse import urlencode, urljoin

import aiohttp

from tests.kit.story import Story

PLAN = "- [ ] **one** Do it (acme/api) · agent: human\n"


class Browser:
    """Keeps cookies, follows to GitHub and back by hand."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def get(self, url: str) -> aiohttp.ClientResponse:
        return await self._session.get(urljoin(self._url, url), allow_redirects=False)

    async def sign_in(self, login: str, path: str = "/") -> aiohttp.ClientResponse:
        away = await self.get(path)
        assert away.status == 303
        to_github = await self.get(away.headers["Location"])
        assert to_github.status == 303
        back = await self.get(f"{to_github.headers['Location']}&{urlencode({'login': login})}")
        assert back.status == 302
        return await self.get(back.headers["Location"])

    async def post(self, path: str, body: object) -> tuple[int, dict[str, str]]:
        me = await (await self.get("/api/v1/me")).json()
        headers = {"X-CSRF-Token": me["csrf"]}
        async with self._session.post(f"{self._url}{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


async def test_sign_in_look_and_act(story: Story) -> None:
    await story.begin(["acme/api"], roles={"ana": "maintain", "dora": "triage"})
    app = story.app
    port = int(story.bot.url.rpartition(":")[2])
    await story.stop()
    await story.hub.do(setattr, story.repo("acme/api"), "private", True)
    await story.start(
        port=port, public_url=f"http://127.0.0.1:{port}", client_id=app.client_id, client_secret=app.client_secret
    )
    number = await story.issue(PLAN)
    await story.until("Waits for approval")
    page = f"/plans/acme/api/{number}"
    async with _session() as one, _session() as two, _session() as three:
        ana, dora, eve = (Browser(story.bot.url, each) for each in (one, two, three))
        answer = await ana.sign_in("ana", page)
        assert (answer.status, answer.headers["Location"]) == (303, page)
        assert "A plan" in await (await ana.get(page)).text()
        await story.hub.as_person("eve")
        await eve.sign_in("eve")
        assert (await eve.get(page)).status == 404
        await dora.sign_in("dora")
        assert (await dora.get(page)).status == 200

        api = f"/api/v1{page}"
        version = (await (await ana.get(api)).json())["version"]
        refused = await asked(story, dora, api, {"command": "approve", "version": version})
        assert (refused["state"], "maintain" in refused["answer"]) == ("refused", True)
        approved = await asked(story, ana, api, {"command": "approve", "version": version, "why": "Read it."})
        assert approved["state"] == "done", approved
        assert (await asked(story, ana, api, {"command": "run"}))["state"] == "done"
        said = await story.until("Approved as", "**Stopped:")
        assert re.search(r"Approved as.*Read it", said)
        assert (await asked(story, ana, api, {"command": "cancel", "why": "Not this year."}))["state"] == "done"
        told = " ".join(re.sub(r"<[^>]+>", " ", await (await ana.get(page)).text()).split())
        assert "cancelled needs a person → cancelled Not this year. by ana" in told
        assert (await eve.post(f"{api}/commands", {"command": "ping"}))[0] == 404
    await story.settled()
    given = [token for token in story.hub.sandbox.state.tokens.values() if token.token.startswith("ghu_")]
    assert len(given) == 3
    assert all(token.revoked for token in given), "nothing is done in anybody's name with them"


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def asked(story: Story, browser: Browser, plan: str, body: dict[str, str]) -> dict[str, str]:
    """A command, and what came of it."""
    status, given = await browser.post(f"{plan}/commands", body)
    assert status == 202, given
    await story.bot.dispatcher.idle()
    return dict(await (await browser.get(f"/api/v1/commands/{given['id']}")).json())
