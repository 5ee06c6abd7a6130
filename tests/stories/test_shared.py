"""Two bots that do everything share one PostgreSQL: each conducts half of the owners, and both see one truth."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psycopg
import pytest

from bot.app import Bot, running
from services.core.names import check_key
from services.core.shards import SHARDS
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
