"""A story: the bot and GitHub's stand-in over real HTTP, people who write to each other, and an end that is checked.

A test sets the stage (`begin`), acts as people do (`issue`, `comment`, `edit`), waits for what GitHub shows (`until`,
`settled`) and then looks. Nothing here sleeps: each request, push and webhook is a reason to look again. When a story
ends, what went wrong behind its back fails it: an error in the bot's log, an exchange or webhook that differs from
GitHub's descriptions, a text of the bot's that could notify, close or link something on behalf of whoever wrote the
plan, an issue, comment or pull request that is there twice.
"""

import asyncio
import hmac
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest

from bot.app import Bot, running
from bot.settings import Settings
from services.core.gaps import Blind
from services.core.names import LABEL_PLAN
from services.sandbox.scenario import AppCredentials
from services.sandbox.state import App, Delivery
from services.store.gaps import Gaps
from tests.kit import harmless
from tests.kit.contract import Recorder
from tests.kit.logged import Log, logged
from tests.kit.quiet import Quiet
from tests.kit.sandbox import GitHub, running_github
from tests.kit.sight import BOT, Sight

SECRET = "a secret between GitHub and the bot"
NOWHERE = "http://127.0.0.1:9/webhook"
PATIENCE = 240.0
"""Seconds a story waits for one thing before it fails. It guards only against hanging, and machines are busy."""

CI = """\
name: ci
on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: sh test.sh
"""
FILES = {"README.md": "# An example\n", "test.sh": "test ! -e broken\n", ".github/workflows/ci.yml": CI}
"""A small repository whose check `test` fails as long as there is a file `broken`."""

Wanted = str | Callable[[], object]
Repos = Iterable[str] | Mapping[str, Mapping[str, str]]


class _Watch(Recorder):
    """The contract's recorder, which also wakes whoever waits for a change."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    def exchange(
        self,
        method: str,
        path: str,
        req_headers: Mapping[str, str],
        req_body: bytes,
        status: int,
        res_headers: Mapping[str, str],
        res_body: bytes,
    ) -> None:
        super().exchange(method, path, req_headers, req_body, status, res_headers, res_body)
        self.heard.set()


class Story(Sight):
    """contract: every exchange and webhook so far; log: the bot's; what there is to see is in Sight."""

    def __init__(self, hub: GitHub, folder: Path, contract: _Watch, log: Log) -> None:
        super().__init__(hub)
        self.contract = contract
        self.log = log
        self._heard = contract.heard
        self._app: AppCredentials | None = None
        self._bot: Bot | None = None
        self._host: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._settings = Settings(
            webhook_secret=SECRET,
            data_dir=str(folder / "data"),
            port=0,
            sandbox="none",
            comment_interval=0.05,
            sweep_seconds=600.0,
            checks_grace=0.2,
            api_pacing=False,
        )

    # The stage and the bot.

    async def begin(
        self,
        repos: Repos = ("acme/api",),
        *,
        installed: Iterable[str] | None = None,
        roles: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        """Make repositories (FILES where none are given), install the App on all of them or on `installed`, give
        people their roles (ana: maintain), start the bot. The first repository is the plan's home."""
        named = dict(repos) if isinstance(repos, Mapping) else dict.fromkeys(repos, FILES)
        self.home = next(iter(named))
        stage = self.hub.scenario

        def build() -> AppCredentials:
            made = [stage.repo(name, files) for name, files in named.items()]
            for repo in made:
                for login, role in ({"ana": "maintain"} if roles is None else roles).items():
                    stage.collaborator(repo, login, role)
            app = stage.app("lockstep", webhook_secret=SECRET)
            for owner in dict.fromkeys(repo.owner for repo in made):
                stage.install(app, owner, installed)
            return app

        app = self._app = await self.hub.do(build)
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._heard.set)

        self.hub.sandbox.on_event.append(wake)
        self._settings = msgspec.structs.replace(
            self._settings,
            app_id=str(app.app_id),
            private_key=app.private_key,
            github_api_url=self.hub.url,
            github_url=self.hub.url,
        )
        await self.start(**settings)

    async def start(self, **settings: Any) -> None:
        """Start the bot, on the data it left when it was there before; `settings` are changed for good."""
        self._settings = msgspec.structs.replace(self._settings, **settings)
        self._stop.clear()
        ready = asyncio.get_running_loop().create_future()
        self._host = asyncio.create_task(self._live(ready))
        self._host.add_done_callback(lambda _: self._heard.set())
        await asyncio.wait({ready, self._host}, return_when=asyncio.FIRST_COMPLETED)
        if self._host.done():
            self._host.result()
        await self.hears(f"{self.bot.url}/webhook")

    async def _live(self, ready: "asyncio.Future[None]") -> None:
        """In a task of its own, because a task group must be left by the task that entered it."""
        async with running(self._settings) as self._bot:
            ready.set_result(None)
            await self._stop.wait()

    async def stop(self) -> None:
        """End the bot where it stands; what GitHub sends from now on is lost. A webhook on its way arrives first, because
        aiohttp forgets a connection that is accepted while its server closes, and that is not what a story is about.
        """
        if self._app is not None:
            await self.hears(NOWHERE)
            await self.hub.running.idle()
        self._stop.set()
        host, self._host, self._bot = self._host, None, None
        if host is not None:
            await host

    async def hears(self, url: str) -> None:
        """Where the App's webhooks go from now on; NOWHERE for a receiver that is down."""
        assert self._app is not None
        await self.hub.listens(self._app, url)

    @property
    def settings(self) -> Settings:
        """What the bot is started with."""
        return self._settings

    @property
    def bot(self) -> Bot:
        assert self._bot is not None, "the bot is not running"
        return self._bot

    # What people do.

    async def issue(
        self, body: str, title: str = "A plan", *, labels: Iterable[str] = (LABEL_PLAN,), by: str = "ana", on: str = ""
    ) -> int:
        """Write an issue; it is the story's from now on."""
        where = on or self.home
        asked = {"title": title, "body": body, "labels": list(labels)}
        made = await self.hub.ok("POST", f"/repos/{where}/issues", asked, who=by)
        self.number = made["number"]
        return self.number

    async def edit(self, body: str, *, by: str = "ana") -> None:
        """Change the plan's text."""
        await self.hub.ok("PATCH", f"/repos/{self.home}/issues/{self.number}", {"body": body}, who=by)

    async def comment(self, text: str, *, by: str = "ana", on: str = "", number: int = 0) -> int:
        """Write a comment, on the plan issue when nothing else is said; its id."""
        path = f"/repos/{on or self.home}/issues/{number or self.number}/comments"
        return int((await self.hub.ok("POST", path, {"body": text}, who=by))["id"])

    async def ask(self, text: str, *, by: str = "ana", on: str = "", number: int = 0) -> str:
        """Write a comment with commands and wait until it was answered: 👍 or 😕, as "+1" or "confused"."""
        comment = await self.comment(text, by=by, on=on, number=number)
        await self.until(lambda: {"+1", "confused"} & set(self.reactions(comment)))
        return self.reactions(comment)[-1]

    async def run(self, body: str, *, title: str = "A plan") -> int:
        """Write a plan, approve it and start it, as ana."""
        number = await self.issue(body, title)
        await self.until("Waits for approval")
        assert await self.ask("/lockstep approve\n/lockstep run") == "+1", self.plan_comment()
        return number

    async def commit(
        self,
        repo: str,
        files: Mapping[str, str | None],
        *,
        branch: str = "",
        by: str = "ana",
        message: str = "A change",
    ) -> str:
        """Push a commit; None deletes a file. Its sha."""
        record, stage = self.repo(repo), self.hub.scenario

        def push() -> str:
            return stage.commit(record, files, message, branch=branch, login=by, announce=True)

        return await self.hub.do(push)

    async def review(self, number: int, *, by: str, repo: str = "", event: str = "APPROVE") -> None:
        """Review a pull request."""
        path = f"/repos/{repo or self.home}/pulls/{number}/reviews"
        await self.hub.ok("POST", path, {"event": event, "body": "Seen."}, who=by)

    async def turn_clock(self, seconds: float) -> None:
        """GitHub's clock goes on by this much."""
        self.hub.turn_clock(seconds)

    async def stop_clock(self) -> None:
        """GitHub's clock stands still until it is turned: whatever happens now happens within one second."""
        sandbox = self.hub.sandbox
        stands = sandbox.now()
        sandbox.now = lambda: stands

    async def redeliver(self, delivery: Delivery) -> None:
        """Have GitHub send a webhook again, the same bytes under the same GUID."""
        path = f"/app/hook/deliveries/{delivery.id}/attempts"
        assert (await self.hub.api("POST", path, token=self.app_token())).status == 202

    async def send(self, event: str, payload: str) -> int:
        """Send the bot a webhook that GitHub did not send, signed all the same; the answer's status."""
        body = payload.encode()
        headers = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest(),
            "Content-Type": "application/json",
        }
        async with self.hub.session.post(f"{self.bot.url}/webhook", data=body, headers=headers) as answer:
            return answer.status

    @property
    def app(self) -> App:
        """As GitHub has it."""
        assert self._app is not None
        return self.hub.sandbox.state.apps[self._app.app_id]

    def app_token(self) -> str:
        """What the App proves itself with."""
        assert self._app is not None
        now = int(self.hub.sandbox.now().timestamp())
        claims = {"iat": now - 60, "exp": now + 300, "iss": str(self._app.app_id)}
        return jwt.encode(claims, self._app.private_key, algorithm="RS256")

    # Waiting.

    async def until(self, *wanted: Wanted, patience: float = PATIENCE) -> str:
        """Wait until all of it holds: texts are looked for in the plan comment, functions are called. The comment."""
        try:
            async with asyncio.timeout(patience):
                while not await self.hub.do(self._holds, wanted):
                    await self._more()
        except TimeoutError:
            missing = [want for want in wanted if isinstance(want, str) and want not in self.plan_comment()]
            await self.fail(f"not within {patience:g} s: {missing or 'what was waited for'}")
        return self.plan_comment()

    def _holds(self, wanted: tuple[Wanted, ...]) -> bool:
        said = self.plan_comment()
        return all(want in said if isinstance(want, str) else want() for want in wanted)

    async def _more(self) -> None:
        """Return when something has happened since the last call; an end of the bot that nobody wanted raises."""
        await self._heard.wait()
        self._heard.clear()
        if self._host is not None and self._host.done():
            self._host.result()

    async def settled(self, patience: float = PATIENCE) -> str:
        """Wait until everybody rests: GitHub has sent all, its Actions are done, the bot has nothing left to do."""
        try:
            async with asyncio.timeout(patience):
                await Quiet(self.hub.running, self._bot).wait()
        except TimeoutError:
            await self.fail(f"no rest within {patience:g} s")
        return self.plan_comment()

    async def blind(self) -> list[Blind]:
        """The times in which the bot knows to have missed webhooks."""
        return await Gaps(self.bot.database).blind()

    def stored_guids(self) -> set[str]:
        """What came into the inbox."""
        return {row[0] for row in self._stored("SELECT guid FROM inbox")}

    def repairs(self) -> int:
        """How many there were."""
        return int(self._stored("SELECT count(*) FROM recovery")[0][0])

    def _stored(self, query: str) -> list[tuple[Any, ...]]:
        """As somebody else sees it who looks into the file."""
        with closing(sqlite3.connect(Path(self._settings.data_dir) / "lockstep.sqlite")) as file:
            return list(file.execute(query))

    async def fail(self, why: str) -> None:
        """Fail with what there is to see."""
        plans = await self._bot.engine.plans(1) if self._bot is not None else []
        history = await self.bot.engine.history(plans[0][0].id) if plans else []
        told = [f"{m.task or 'plan'} {m.kind}: {m.before} -> {m.after} {m.text}" for m in reversed(history)]
        parts = [why, "--- plan comment ---", self.plan_comment(), "--- history ---", *told]
        pytest.fail("\n".join([*parts, "--- log ---", *self.log.lines()[-15:]]), pytrace=False)

    async def verify(self) -> None:
        """What must be true of every story when it ends."""
        sandbox = self.hub.sandbox
        texts = await self.hub.do(lambda: list(harmless.written(sandbox, BOT)))
        wrong = [hazard for text in texts for hazard in harmless.hazards(text)]
        wrong += await self.hub.do(harmless.doubled, sandbox, BOT)
        wrong += self.log.problems()
        if wrong:
            pytest.fail("\n".join(["At the end of the story:", *wrong[:10]]), pytrace=False)


@asynccontextmanager
async def told(folder: Path) -> AsyncIterator[Story]:
    """A story in this folder, verified at its end."""
    with logged() as log:
        contract = _Watch()
        async with running_github(folder / "github", contract, run_actions=True) as hub:
            story = Story(hub, folder, contract, log)
            try:
                yield story
            finally:
                await story.stop()
            await story.verify()
        contract.verify()
