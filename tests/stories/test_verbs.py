"""Every verb there is: each is refused to whoever lacks its permission and says which one, and each is granted somewhere.

A new verb is told of here by itself: without a story in which it does what was asked, the last test fails.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from handlers.commands import COMMANDS, load
from tests.kit.story import Story
from tests.stories.test_by_hand import waiting_for_a_review
from tests.stories.test_scripts import row

BELOW = {"triage": ("rea", "read"), "write": ("tia", "triage"), "maintain": ("wim", "write")}
"""The permission that a verb needs -> who has the one below it."""


def verbs(*needs: str) -> list[tuple[str, str]]:
    load()
    return [(verb, entry.needs) for verb, entry in COMMANDS if entry.needs in needs]


def standing(story: Story) -> list[str]:
    """The plan comment but for the answers, and for what the clock alone changes."""
    lines = story.plan_comment().partition("#### Answers")[0].splitlines()
    return [line for line in lines if not line.startswith(("**Expected end:**", "**Critical path:**"))]


async def test_each_verb_is_refused_to_whoever_lacks_its_permission(story: Story) -> None:
    await waiting_for_a_review(story, "- [ ] **one** Write · run: echo 1 > one.txt\n")
    for who, role in BELOW.values():
        await story.hub.do(story.hub.scenario.collaborator, story.repo(), who, role)
    before, shown = row(story, "one"), standing(story)
    for verb, needs in verbs(*BELOW):
        who, role = BELOW[needs]
        assert await story.ask(f"/lockstep {verb} one", by=who) == "confused"
        await story.until(f"`/lockstep {verb}` needs the {needs} permission on this repository; you have {role}.")
    await story.settled()
    assert row(story, "one") == before
    assert standing(story) == shown
    assert not story.merges


async def test_what_everybody_may_say_is_refused_to_whoever_may_not_read(story: Story) -> None:
    """In a private repository somebody whose access was taken away, and whose webhook comes late."""
    await story.begin()
    await story.issue("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    await story.hub.do(setattr, story.repo(), "private", True)
    story.bot.engine.forget("acme/api", "")
    comment = await story.comment("/lockstep ping")
    await story.until(lambda: "+1" in story.reactions(comment))
    late = next(each for each in story.deliveries("issue_comment") if "/lockstep ping" in each.payload).payload
    for verb, _ in verbs("read"):
        other = await story.comment("Just words.")
        said = late.replace(str(comment), str(other)).replace("/lockstep ping", f"/lockstep {verb}")
        assert await story.send("issue_comment", said.replace('"ana"', '"mallory"')) == 202
        await story.until(f"`/lockstep {verb}` needs the read permission on this repository; you have none.")


def test_each_verb_is_granted_in_a_story() -> None:
    """Said in a comment of somebody's, and answered with 👍."""
    granted = {verb for path in Path(__file__).parent.glob("test_*.py") for verb in granted_in(path.read_text())}
    assert [verb for verb in COMMANDS.names() if verb not in granted] == []


def granted_in(source: str) -> Iterator[str]:
    """The verbs of all `await story.ask(...) == "+1"`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(
                left=ast.Await(value=ast.Call(func=ast.Attribute(attr="ask"), args=[said, *_])),
                comparators=[ast.Constant(value="+1")],
            ):
                yield from re.findall(r"[/@]lockstep ([a-z]+)", ast.unparse(said))


def test_the_search_for_verbs_finds_them() -> None:
    asked = 'assert await story.ask({}, by="ana") == {}'
    assert list(granted_in(asked.format('f"/lockstep run\\n@lockstep hold {x}"', '"+1"'))) == ["run", "hold"]
    assert list(granted_in(asked.format('"/lockstep run"', '"confused"'))) == []
