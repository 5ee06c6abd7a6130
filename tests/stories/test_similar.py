"""What was merged before is told where something like it is to be done; never of a private repository elsewhere."""

from services.store.past import PastTasks
from tests.kit.story import Story

FIRST = "- [ ] **one** Write the cookie parser · run: mkdir api && echo 1 > api/cookies.txt\n"
SECOND = "- [ ] **two** Cookies are parsed twice · run: exit 1\n"


async def test_a_task_is_told_what_was_merged_before_and_what_that_touched(story: Story) -> None:
    await story.begin()
    await story.run(FIRST)
    await story.until("**Done.**")
    await story.settled()
    past = PastTasks(story.bot.database)
    (found,) = await past.alike(story.home, "cookie")
    assert found.past.paths == ("api/cookies.txt",)
    assert found.past.number
    await story.run(SECOND)
    await story.until("exit code 1")
    assert await story.ask("/lockstep status two", by="eve") == "+1"
    said = await story.until("perhaps like it")
    assert f"Write the cookie parser (`{story.home}#{found.past.number}`)" in said
    assert "Such tasks touched `api/cookies.txt`." in said
