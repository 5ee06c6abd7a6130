"""Names of private repositories: who learns them, and where they are never written."""

from services.core.names import LABEL_PLAN
from tests.kit.story import FILES, Story

STRANGE = (
    "- [ ] **a** Guess (acme/secret-merge)\n- [ ] **b** Guess (acme/secret-merger)\n- [ ] **c** Guess (secret-merger)\n"
)


async def begin(story: Story, *repos: str, private: tuple[str, ...]) -> None:
    await story.begin(dict.fromkeys(repos, FILES))
    await hide(story, *private)


async def hide(story: Story, *repos: str) -> None:
    for name in repos:
        repo = story.repo(name)
        await story.hub.do(setattr, repo, "private", True)
    for name in repos:
        story.bot.engine.forget(name, "")
    story.bot.engine.forget("", "installed")


async def test_a_read_command_makes_no_issue_a_plan(story: Story) -> None:
    await story.begin()
    await story.issue("- [ ] **a** Write (acme/api)\n", labels=(), by="eve")
    assert await story.ask("/lockstep status", by="eve") == "confused"
    await story.until("This issue holds no plan")
    assert await story.bot.engine.plans() == []


async def test_a_stranger_learns_no_name_from_the_problems_of_a_plan(story: Story) -> None:
    """Not even when somebody gave the issue the label, and whether the name is right or almost right."""
    await begin(story, "acme/api", "acme/secret-merger", private=("acme/secret-merger",))
    number = await story.issue(STRANGE, labels=(), by="eve")
    await story.hub.ok("POST", f"/repos/acme/api/issues/{number}/labels", {"labels": [LABEL_PLAN]}, who="ana")
    said = await story.until("This plan can't be run yet")
    almost, right = (line for line in said.splitlines() if "**Line 1:**" in line or "**Line 2:**" in line)
    assert "Did you mean" not in said
    assert almost.replace("secret-merge", "secret-merger").replace("Line 1", "Line 2") == right


async def test_whoever_can_read_a_private_repository_may_name_it(story: Story) -> None:
    await begin(story, "acme/api", "acme/secret-merger", private=("acme/secret-merger",))
    await story.issue("- [ ] **a** Write (acme/secret-merger)\n")
    await story.until("Waits for approval", "acme/secret-merger")
