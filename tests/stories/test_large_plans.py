"""A plan with more tasks than GitHub takes under one issue."""

from services.sandbox.state import Issue
from tests.kit.story import Story


def children(story: Story, issue: Issue) -> list[Issue]:
    return [each for each in story.issues() if each.parent == issue.id]


async def test_a_plan_of_more_than_a_hundred_tasks_has_parts(story: Story) -> None:
    await story.begin()
    rest = "".join(f"- [ ] **t{n}** Do {n} · needs: first · run: true\n" for n in range(1, 102))
    await story.run(f"- [ ] **first** Begin · run: exit 1\n{rest}", title="A large plan")
    await story.until(lambda: len(story.issues()) == 1 + 2 + 102)
    await story.settled()
    plan = next(each for each in story.issues() if each.number == story.number)
    parts = children(story, plan)
    assert [each.title for each in parts] == ["Part 1 of 2: A large plan", "Part 2 of 2: A large plan"]
    assert [len(children(story, each)) for each in parts] == [100, 2]
    assert await story.ask("/lockstep skip all") == "+1", story.plan_comment()
    await story.until("**Done.**")
    await story.settled()
    assert {each.state for each in children(story, plan)} == {"closed"}
