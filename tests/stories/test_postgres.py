"""The whole bot on a database server: the main job, and a server that is away for a moment."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit import postgres
from tests.kit.model import Answer, providing
from tests.kit.pipe import Pipe
from tests.kit.story import Story

PLAN = """\
- [ ] **schema** Add `currency` to the schema (acme/schema) · run: echo currency >> fields.txt
- [ ] **api** Serve the currency (acme/api) · needs: schema · run: echo currency >> served.txt
- [ ] **docs** Describe it (acme/api) · needs: api, schema · run: echo "Orders have a currency." >> README.md
"""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.database() as found:
        yield found


async def test_from_an_issue_to_merged_pull_requests(url: str, story: Story, tmp_path: Path) -> None:
    await story.begin(["acme/schema", "acme/api"], database_url=url)
    await story.run(PLAN, title="Orders carry a currency")
    await story.until("**Done.** 3 of 3 tasks done")
    await story.settled()
    assert story.merges == ["acme/schema#3", "acme/api#3", "acme/api#4"]
    assert {issue.state for issue in [*story.issues("acme/schema"), *story.issues("acme/api")]} == {"closed"}
    assert not list(tmp_path.rglob("*.sqlite"))  # noqa: ASYNC240 - the test has nothing else to do


async def test_stopped_while_an_attempt_runs(url: str, story: Story, pipe: Pipe) -> None:
    await story.begin(database_url=url)
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo $line > one.txt\n")
    await pipe.reached()
    await story.stop()
    await story.start()
    await pipe.reached()
    pipe.let_one_pass()  # the first attempt's reader is gone, or it might take this line
    await story.until("**Done.**")
    await story.settled()
    assert len(story.pulls()) == 1


@pytest.mark.parametrize("end", [postgres.Server.stop, postgres.Server.crash], ids=["stopped", "crashed"])
async def test_the_server_is_away_while_an_attempt_ends(
    url: str, story: Story, pipe: Pipe, end: Callable[[postgres.Server], None]
) -> None:
    """Deliveries are refused, so that GitHub keeps them; what the attempt came to is stored when the server is back."""
    await story.begin(database_url=url)
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo $line > one.txt\n")
    await pipe.reached()
    end(postgres.server())
    try:
        await story.comment("Is anybody there?")
        await story.hub.running.idle()
        assert story.deliveries("issue_comment")[-1].status_code == 503
        pipe.let_one_pass()
    finally:
        postgres.server().start()
    await story.until("**Done.**")
    await story.settled()
    assert len(story.pulls()) == 1


async def test_a_model_drafts_and_works_through_the_queue(url: str, story: Story) -> None:
    drafted = "tasks:\n  - id: x\n    title: Write hello\n    agent: coder\n    prompt: Write it.\n"
    edit = ("edit", {"path": "hello.txt", "old": "", "new": "hello\n"})
    async with providing(Answer(text=drafted), Answer(calls=(edit,)), Answer(text="Done.")) as provider:
        await story.begin(database_url=url, model="openai:gpt-4o", model_url=provider.url, model_key="sk-0123456789")
        await story.issue("Please write hello.")
        await story.until("Waits for approval:** 1 task")
        assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
        await story.until("**Done.**")
        assert await story.ask("/lockstep cost") == "+1"
        await story.until("for 3 model calls.", "| `x` | doing the work |")
