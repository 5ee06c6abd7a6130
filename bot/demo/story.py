"""The demo's story: a person writes a plan, approves it, starts it; the bot does the rest.

The person talks to GitHub like anybody, over its API with a token of theirs. Progress is told by what GitHub sends
out as webhooks, so nothing here looks into the bot before the end.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import aiohttp
import msgspec

from bot.app import Bot, running
from bot.demo.stage import Stage
from bot.settings import Settings
from services.core.board import Run
from services.core.clock import Clock
from services.core.names import LABEL_PLAN
from services.errors import UserError
from services.sandbox import server
from services.sandbox.server import Running
from services.store.runs import Told

BOT = "lockstep[bot]"


class Watch:
    """Hears every webhook GitHub sends; `until` waits for one that fits."""

    def __init__(self) -> None:
        self.count = 0
        self._heard: list[tuple[str, Any]] = []
        self._more = asyncio.Event()

    def __call__(self, event: str, payload: Any) -> None:
        self.count += 1
        self._heard.append((event, payload))
        self._more.set()

    async def more(self, heard: int) -> int:
        """Return once more than `heard` events were heard; how many there are now."""
        while self.count <= heard:
            self._more.clear()
            await self._more.wait()
        return self.count

    async def until(self, fits: Callable[[str, Any], bool]) -> Any:
        """The payload of the first event, past or to come, that fits."""
        seen = 0
        while True:
            self._more.clear()
            for event, payload in self._heard[seen:]:
                if fits(event, payload):
                    return payload
            seen = len(self._heard)
            await self._more.wait()


class Audience(Protocol):
    """Who watches the demo."""

    def begins(self, github: str, pages: str, notice: str) -> None: ...

    def goes_on(self, run: Run, news: list[Told]) -> None: ...


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. `run` None: the plan never started and `said` tells why; `calls` made, `saved`: reads answered
    without one.
    """

    run: Run | None
    said: str
    merges: tuple[str, ...]
    calls: int
    saved: int
    events: int


class Person:
    """Somebody with a token, at the API."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, home: str) -> None:
        self._session = session
        self._base = f"{url}/repos/{home}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}

    async def post(self, path: str, body: dict[str, object]) -> Any:
        async with self._session.post(f"{self._base}{path}", json=body, headers=self._headers) as answer:
            said = await answer.json()
            if answer.status >= 400:
                raise UserError(
                    f"GitHub's stand-in refused what the person asked for: {said.get('message', answer.status)}."
                )
            return said

    async def write_plan(self, title: str, body: str) -> int:
        await self.post("/labels", {"name": LABEL_PLAN, "color": "0a50b8"})
        made = await self.post("/issues", {"title": title, "body": body, "labels": [LABEL_PLAN]})
        return int(made["number"])

    async def say(self, number: int, words: str) -> None:
        await self.post(f"/issues/{number}/comments", {"body": words})


async def tell(
    stage: Stage, settings: Settings, clock: Clock, audience: Audience, notice: str, patience: float
) -> Ending:
    """Play the whole story; returns when the plan is done, stuck or out of time."""
    watch = Watch()
    hub = await server.start(stage.sandbox, on_delivery=watch, pages=True)
    try:
        settings = msgspec.structs.replace(settings, github_api_url=hub.url, github_url=hub.url)
        async with running(settings, clock=clock) as bot:
            await hub.think(setattr, stage.sandbox.state.apps[stage.app.app_id], "webhook_url", f"{bot.url}/webhook")
            audience.begins(hub.url, bot.url, notice)
            async with aiohttp.ClientSession() as session:
                person = Person(session, hub.url, stage.person_token, stage.home)
                said = await _play(person, stage, watch, bot, audience, patience)
            return await _ending(bot, stage, hub, watch, said)
    finally:
        await hub.close()


async def _play(person: Person, stage: Stage, watch: Watch, bot: Bot, audience: Audience, patience: float) -> str:
    number = await person.write_plan(stage.title, stage.body)

    def shown(*words: str) -> Callable[[str, Any], bool]:
        def fits(event: str, payload: Any) -> bool:
            if event != "issue_comment" or payload["sender"]["login"] != BOT or payload["issue"]["number"] != number:
                return False
            return payload["repository"]["full_name"] == stage.home and any(
                word in payload["comment"]["body"] for word in words
            )

        return fits

    try:
        async with asyncio.timeout(patience):
            first = await watch.until(shown("Waits for approval", "can't be run"))
            if "can't be run" in first["comment"]["body"]:
                return str(first["comment"]["body"])
            await person.say(number, "/lockstep approve")
            answer = await watch.until(shown("#### Answers"))
            if "**Approved**" not in answer["comment"]["body"]:
                return str(answer["comment"]["body"])
            await person.say(number, "/lockstep run")
            await _follow(stage, number, watch, bot, audience)
    except TimeoutError:
        return f"It was not over after {patience:.0f} seconds."
    return ""


async def _follow(stage: Stage, number: int, watch: Watch, bot: Bot, audience: Audience) -> None:
    """Show what happens until the run is over or can't go on."""
    told, heard = 0, 0
    while True:
        _, run = await bot.engine.plan_of(stage.home, number)
        if run is not None:
            news = [
                moment for moment in reversed(await bot.engine.history(run.plan_id, limit=500)) if moment.seq > told
            ]
            told = news[-1].seq if news else told
            audience.goes_on(run, news)
            if run.state in {"failed", "cancelled"}:
                return
            if run.state == "done":
                await watch.until(
                    lambda event, payload: (
                        event == "issues" and payload["action"] == "closed" and _is(payload, stage.home, number)
                    )
                )
                return
        heard = await watch.more(heard)


def _is(payload: Any, repo: str, number: int) -> bool:
    return bool(payload["repository"]["full_name"] == repo and payload["issue"]["number"] == number)


async def _ending(bot: Bot, stage: Stage, hub: Running, watch: Watch, said: str) -> Ending:
    plans = await bot.engine.plans(limit=1)
    stats = bot.github.stats
    return Ending(
        run=plans[0][1] if plans else None,
        said=said,
        merges=tuple(stage.sandbox.state.merges),
        calls=stats.requests,
        saved=stats.saved,
        events=watch.count,
    )
