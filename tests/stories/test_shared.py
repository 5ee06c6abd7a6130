"""Two bots that do everything share one PostgreSQL: each conducts half of the owners, and both see one truth."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psycopg
import pytest

from bot.app import Bot, running
from bot.conducting import Conductor
from services.core.names import check_key
from services.core.shards import SHARDS
from services.engine.engine import Engine
from tests.kit import postgres
from tests.kit.pipe import Pipe
from tests.kit.story import FILES, NOWHERE, Story


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.database() as found:
        yield found


def held(bot: Bot) -> frozenset[int]:
    return bot.engine._parts.runs._fence.shards or frozenset()


@asynccontextmanager
async def a_second(story: Story, folder: Path) -> AsyncIterator[Bot]:
    """Another bot on the same database; webhooks go to the first one. It is there when both have their shards."""
    settings = msgspec.structs.replace(story._settings, data_dir=str(folder / "second"))
    async with running(settings) as bot:
        while len(held(bot)) != SHARDS // 2 or len(held(story.bot)) != SHARDS // 2:
            await story.bot.engine.take_up([])  # a turn of the loop that asks the database
        yield bot


async def test_what_one_hears_the_other_knows(url: str, story: Story, tmp_path: Path, pipe: Pipe) -> None:
    """A check ends, and only the bot that does not conduct the plan is told."""
    await story.begin({"acme/api": {**FILES, "test.sh": f"{pipe.wait}\n"}}, database_url=url)
    async with a_second(story, tmp_path) as second:
        await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
        await story.until("👀 in review")
        await pipe.reached()
        await story.hears(NOWHERE)
        pipe.let_one_pass()
        sha = story.pulls()[0].pull.head_sha  # type: ignore[union-attr]
        await story.until(lambda: story.checks("acme/api", sha).get("test") == "success")
        assert not story.merges
        listens = next(bot for bot in (story.bot, second) if not bot.engine._parts.runs.holds("acme"))
        listens.engine.forget("acme/api", f"checks:{sha}")
        await listens.engine.look(check_key("acme/api", sha))
        await story.until(lambda: story.merges)


async def test_what_came_while_all_were_away_is_there_at_the_start_also_after_a_crash(url: str, story: Story) -> None:
    """Whoever takes shards that were not let go in good order waits a moment before it conducts them."""
    await story.begin(database_url=url)
    await story.issue("- [ ] **one** Do it (acme/api) · agent: human\n")
    await story.until("Waits for approval")
    await story.settled()
    await story.stop()
    comment = await story.comment("/lockstep approve")
    await story.hub.running.idle()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("UPDATE shard SET clean = 0")
    await story.start()
    await story.until(lambda: "+1" in story.reactions(comment))


async def test_a_command_that_meets_the_coming_of_another_bot_is_carried_out_once_it_is_settled_who_conducts(
    url: str, story: Story, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shards are let go while GitHub is asked who wrote the command; its thumb means that it was done."""
    conductors: list[Conductor] = []
    real_round, real_permission = Conductor._round, Engine.permission
    is_armed = False

    async def known(self: Conductor) -> None:
        conductors[:] = [self]
        await real_round(self)

    async def while_let_go(self: Engine, repo: str, login: str) -> str:
        nonlocal is_armed
        if is_armed:
            is_armed = False
            tasks.append(asyncio.ensure_future(conductors[0]._give_up(set(conductors[0]._held))))
            await asyncio.sleep(0)  # its first step
            assert not held(story.bot)
        return await real_permission(self, repo, login)

    tasks: list[asyncio.Future[None]] = []
    monkeypatch.setattr(Conductor, "_round", known)
    monkeypatch.setattr(Engine, "permission", while_let_go)
    await story.begin(database_url=url)
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo $line > one.txt\n")
    await pipe.reached()
    is_armed = True
    comment = await story.comment("/lockstep cancel")
    await story.until(lambda: "+1" in story.reactions(comment))
    await asyncio.gather(*tasks)
    with psycopg.connect(url) as database:
        assert database.execute("SELECT state FROM run").fetchall() == [("cancelled",)]


async def test_the_sessions_that_hold_the_shards_are_cut(url: str, story: Story, tmp_path: Path, pipe: Pipe) -> None:
    """Both bots live on, but nobody holds anything for a moment; the attempt under way is not begun again."""
    await story.begin(database_url=url)
    async with a_second(story, tmp_path):
        await story.run(f"- [ ] **one** Wait · run: echo run >> {tmp_path}/runs; {pipe.wait}; echo $line > one.txt\n")
        await pipe.reached()
        with psycopg.connect(url, autocommit=True) as admin:
            done = admin.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'lockstep tenure' AND datname = current_database()"
            ).fetchone()
        assert done == (2,)
        pipe.let_one_pass()
        await story.until("**Done.**")
        await story.settled()
    assert (tmp_path / "runs").read_text() == "run\n"
    assert len(story.pulls()) == len(story.merges) == 1
