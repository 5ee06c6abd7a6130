"""Every secret of a running bot is looked for wherever something is written down, over a whole run: with a script and a
model at work, pull requests, pages and the API, all logged as finely as can be.
"""

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import zstandard

from bot.web.access import new_token
from services.core.names import LABEL_PLAN
from services.sandbox.scenario import AppCredentials
from services.store import access
from services.store.access import Token
from services.store.visiting import visit
from tests.kit.contract import Recorder
from tests.kit.crash.hosts import One
from tests.kit.model import Answer, Provider, providing
from tests.kit.processes import command_line, command_lines
from tests.kit.sandbox import GitHub, running_github
from tests.kit.sight import BOT, Sight
from tests.kit.story import CI
from tests.stories.test_access import Browser

PERSON, HOME = "ana", "acme/api"
WEBHOOK, MODEL = "the-webhook-secret-canary", "sk-model-key-canary-0123456789"
PLAN = """\
- [ ] **look** Look around · run: env > env.txt; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' > running.txt
- [ ] **code** Write hello · agent: coder · needs: look · verify: test -e hello.txt
"""
PAGES = (
    "/", "/plans", f"/plans/{HOME}/1", f"/plans/{HOME}/1/tasks/look", f"/plans/{HOME}/1/tasks/code", "/fleet",
    "/failures", "/budget", "/money", "/learning", "/deliveries", "/account", "/metrics", "/healthz", "/readyz",
    "/api/v1/plans", "/api/v1/deliveries", "/api/v1/budget", f"/api/v1/plans/{HOME}/1", "/api/v1/openapi.json",
)  # fmt: skip


class Watch(Recorder):
    """Also keeps the command lines of everything that runs when something is asked of GitHub."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: set[str] = set()

    def exchange(self, method: str, path: str, *rest: Any) -> None:
        super().exchange(method, path, *rest)
        if method == "POST" or "/git/" in path:
            self.ran.update(command_lines())


class Run:
    """The stage, with everybody on it."""

    def __init__(self, hub: GitHub, app: AppCredentials, host: One, model: Provider, folder: Path) -> None:
        self.hub, self.app, self.host, self.model, self.folder = hub, app, host, model, folder
        self.sight = Sight(hub)
        self.sight.home, self.sight.number = HOME, 1
        self.seen: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    async def goes(self) -> None:
        issue = {"title": "A plan", "body": PLAN, "labels": [LABEL_PLAN]}
        await self.hub.ok("POST", f"/repos/{HOME}/issues", issue, who=PERSON)
        await self._until("Waits for approval")
        words = {"body": "/lockstep approve\n/lockstep run"}
        await self.hub.ok("POST", f"/repos/{HOME}/issues/1/comments", words, who=PERSON)
        await self._until("**Done.**")

    async def is_looked_at(self) -> None:
        """Every page, as somebody who signed in and runs this; and the API with a token."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            ana = Browser(self.host.bot_url, session)
            await ana.sign_in(PERSON)
            for cookie in session.cookie_jar:
                self.secrets[f"session {cookie.key}"] = cookie.value
            for page in PAGES:
                answer = await ana.get(page)
                self.seen[f"page {page}"] = f"{answer.headers}\n{await answer.text()}"
                assert answer.status < 400, page
        secret = self.secrets["api token"] = new_token()
        now = datetime.now(UTC)
        token = Token(name="t", login=PERSON, scopes=("read",), made=now, until=now + timedelta(days=1))
        await visit("", self.folder / "data", lambda c: access.add(c, secret, token))
        headers = {"Authorization": f"Bearer {secret}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.host.bot_url}/api/v1/me", headers=headers) as me,
        ):
            self.seen["api me"] = await me.text()
            assert me.status == 200

    async def command(self, *arguments: str) -> str:
        env = {**os.environ, **self.host.settings}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, env=env, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        assert child.returncode == 0
        return out.decode()

    def collected(self) -> Iterator[tuple[str, str]]:
        """(where, what stands there)."""
        yield from self.seen.items()
        state = self.hub.sandbox.state
        for kind in ("issues", "comments", "reviews", "review_comments", "check_runs", "issue_events", "labels"):
            yield kind, repr(getattr(state, kind, ""))
        yield "prompts", repr(self.model.asked)
        yield "log", self.host.log.read_text(errors="replace")
        for file in sorted((self.folder / "data").rglob("*")):
            if file.is_file():
                yield str(file), file.read_bytes().decode("latin-1")
        with closing(sqlite3.connect(self.folder / "data" / "lockstep.sqlite")) as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in store.execute(f"SELECT * FROM {table}"):
                    yield table, repr([_unpacked(value) for value in row])

    async def _until(self, words: str) -> None:
        moved = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(moved.set)

        self.hub.sandbox.on_event.append(wake)
        async with asyncio.timeout(240):
            while not any(words in row.body for row in self.sight.comments() if row.user == BOT):
                moved.clear()
                await moved.wait()


def _client_secret(hub: GitHub, app: AppCredentials) -> str:
    return hub.sandbox.state.apps[app.app_id].client_secret


def _unpacked(value: object) -> object:
    if isinstance(value, bytes) and value.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().decompress(value, max_output_size=32 * 1024 * 1024)
    return value


@asynccontextmanager
async def running(folder: Path, watch: Watch) -> AsyncIterator[Run]:
    writes = Answer(calls=(("edit", {"path": "hello.txt", "old": "", "new": "hello\n"}),))
    async with (
        running_github(folder / "github", watch, run_actions=True) as hub,
        providing(writes, Answer(text="Written.")) as model,
    ):

        def build() -> AppCredentials:
            stage = hub.scenario
            repo = stage.repo(
                HOME, {"README.md": "# An example\n", "test.sh": "true\n", ".github/workflows/ci.yml": CI}
            )
            stage.collaborator(repo, PERSON, "maintain")
            app = stage.app("lockstep", webhook_secret=WEBHOOK)
            stage.install(app, "acme")
            return app

        app = await hub.do(build)
        host = One(
            folder, app, LOCKSTEP_WEBHOOK_SECRET=WEBHOOK, LOCKSTEP_MODEL="openai:gpt-4o", LOCKSTEP_MODEL_URL=model.url,
            LOCKSTEP_MODEL_KEY=MODEL, LOCKSTEP_LOG_LEVEL="DEBUG", LOCKSTEP_CHECKS_GRACE="0.2",
            LOCKSTEP_CLIENT_ID=app.client_id, LOCKSTEP_CLIENT_SECRET=_client_secret(hub, app), LOCKSTEP_ADMINS=PERSON,
        )  # fmt: skip
        host.set(LOCKSTEP_PUBLIC_URL=host.bot_url)
        await hub.listens(app, f"{host.bot_url}/webhook")
        await host.start(hub.url)
        await host.up()
        try:
            yield Run(hub, app, host, model, folder)
        finally:
            await host.stop()


async def test_no_secret_is_written_down_anywhere(tmp_path: Path) -> None:
    watch = Watch()
    async with running(tmp_path, watch) as run:
        await run.goes()
        await run.is_looked_at()
        run.seen["export"] = await run.command("export", f"{HOME}#1", "--deliveries", "50")
        itself = command_line(run.host.pid)
        left = {name: await run.sight.file(HOME, name) or "" for name in ("env.txt", "running.txt", "hello.txt")}
    assert itself in left["running.txt"], "it has seen the processes"
    assert len(watch.ran) > 5
    found = dict(run.secrets) | _known(run)
    places = [*run.collected(), *left.items(), ("command lines", "\n".join(watch.ran))]
    assert len([where for where, _ in places if where.startswith("page ")]) == len(PAGES)
    leaks = {(name, where) for where, text in places for name, secret in found.items() if secret in text}
    assert leaks == set()
    assert not [where for where, text in places if re.search(r"\bgh[opsu]_[A-Za-z0-9]{16}", text)]


def _known(run: Run) -> dict[str, str]:
    """By name. Of the key a line from the middle: it is written in several forms."""
    state = run.hub.sandbox.state
    tokens = {
        f"token {n}": token.token for n, token in enumerate(state.tokens.values()) if token.token.startswith("gh")
    }
    assert any(token.installation_id for token in state.tokens.values())
    assert len(run.secrets) >= 2
    key = run.app.private_key.splitlines()[12]
    assert len(key) == 64
    return {
        "webhook secret": WEBHOOK,
        "model key": MODEL,
        "key": key,
        "client secret": _client_secret(run.hub, run.app),
        **tokens,
    }
