"""Names of private repositories: who learns them, and where they are never written."""

from services.core.names import LABEL_PLAN
from tests.kit.story import FILES, Story

STRANGE = (
    "- [ ] **a** Guess (acme/secret-merge)\n- [ ] **b** Guess (acme/secret-merger)\n- [ ] **c** Guess (secret-merger)\n"
)


async def begin(story: Story, *repos: str, private: tuple[str, ...]) -> None:
    await story.begin(dict.fromkeys(repos, FILES), public_url="https://lockstep.example")
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


PAIR = """\
- [ ] **lib** Rotate the key (acme/hidden-lib) · run: echo 1 > a
- [ ] **pub** Adopt it (acme/public) · needs: lib · run: echo 2 > b
- [ ] **more** Use it (acme/hidden-lib) · needs: pub · run: echo 3 > c
"""
PLANS = ("acme/secret-plans", "acme/hidden-lib")


async def test_nothing_in_a_public_repository_names_a_private_one(story: Story) -> None:
    """Neither the plan's home nor what a task needs: not in issues, pull requests, commits, branches or checks."""
    await begin(story, "acme/secret-plans", "acme/hidden-lib", "acme/public", private=PLANS)
    await story.run(PAIR)
    await story.until("**Done.**")
    await story.settled()
    said = [text for issue in story._numbered("acme/public") for text in (issue.title, issue.body or "")]
    said += [await story.git("acme/public", "log", "--all", "--format=%an %ae %B")]
    which = story.repo("acme/public").id
    for check in story.hub.sandbox.state.check_runs.values():
        if check.repo_id == which:
            said.append(repr(check))
    for pull in story.pulls("acme/public"):
        assert pull.pull is not None
        said.append(pull.pull.head_ref)
    assert len(said) > 6
    assert not [text for text in said if "secret-plans" in text or "hidden-lib" in text]
    (public,) = story.pulls("acme/public")
    (_, more) = story.pulls("acme/hidden-lib")
    assert "of the plan in acme/secret-plans#1" in (more.body or "")
    assert f"Depends-On: acme/public#{public.number}" in (more.body or "")
