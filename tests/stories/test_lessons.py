"""From a review to a lesson, to a maintainer's word, to the next task of a model."""

from tests.kit.model import Answer, providing
from tests.kit.story import Story
from tests.stories.test_coder import CANARY, DONE, WRITES
from tests.stories.test_commands import answers

PLAN = "- [ ] **x** Write hello · agent: coder\n"
LESSON = "Use the logger, not print"


async def test_what_a_review_asked_for_is_told_to_later_tasks_once_a_maintainer_says_so(story: Story) -> None:
    more = Answer(calls=(("edit", {"path": "hello.txt", "old": "", "new": "hello again\n"}),))
    async with providing(WRITES, DONE, more, DONE, WRITES, DONE) as provider:
        await story.begin(
            roles={"ana": "maintain", "wim": "write"}, model="openai:gpt-4o", model_url=provider.url, model_key=CANARY
        )
        await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
        await story.run(PLAN)
        await story.until("waits for a review")
        (pull,) = story.pulls()
        asked = {"event": "COMMENT", "body": f"@lockstep {LESSON}"}
        await story.hub.ok("POST", f"/repos/acme/api/pulls/{pull.number}/reviews", asked, who="wim")
        await story.until(lambda: len(provider.asked) == 4)
        await story.settled()
        await story.review(pull.number, by="wim")
        await story.until("**Done.**")
        assert await story.ask("/lockstep lesson", by="wim") == "confused"
        assert await story.ask("/lockstep lesson") == "+1"
        said = await story.until(LESSON)
        lesson = said.rsplit("/lockstep lesson approve ", 1)[1][:8]
        assert await story.ask("/lockstep lesson approve 00000000") == "confused"
        assert await story.ask(f"/lockstep lesson veto {lesson}", by="wim") == "confused"
        assert await story.ask(f"/lockstep lesson veto {lesson}") == "+1"
        await story.until(f"The lesson `{lesson}` is told to nobody.")
        assert await story.ask(f"/lockstep lesson approve {lesson}") == "+1"
        await story.until("is told to later tasks of its repository from now on")
        assert LESSON not in str(provider.asked[0])
        await story.issue(PLAN.replace("**x**", "**y**"))
        await story.until("Waits for approval")
        assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
        await story.until(lambda: len(provider.asked) >= 5)
        assert f"- {LESSON}" in str(provider.asked[4])
        assert answers(story)
