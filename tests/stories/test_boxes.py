"""Check boxes in the plan comment: commands of whoever ticks them, with that person's permission."""

import msgspec

from services.core.boxes import Box
from services.sandbox.state import Comment
from tests.kit.story import NOWHERE, Story

ROLES = {"ana": "maintain", "wim": "write", "boss": "admin"}
ONE = "- [ ] **one** Write · run: echo 1 > one.txt\n"
OTHER = "- [ ] **one** Write · run: echo evil > one.txt\n"


def sticky(story: Story) -> Comment:
    return next(row for row in story.comments() if row.body == story.plan_comment())


async def write(story: Story, comment: Comment, body: str, by: str) -> None:
    path = f"/repos/{story.home}/issues/comments/{comment.id}"
    await story.hub.ok("PATCH", path, {"body": body}, who=by)


async def tick(story: Story, verb: str, by: str) -> None:
    """Tick the box of that command as it stands in the comment now."""
    line = next(line for line in story.plan_comment().splitlines() if f"lockstep:box={verb}" in line)
    ticked = story.plan_comment().replace(line, line.replace("- [ ]", "- [x]", 1))
    await write(story, sticky(story), ticked, by)


def verbs(story: Story) -> list[str]:
    lines = [line for line in story.plan_comment().splitlines() if "lockstep:box=" in line]
    return [line.rpartition("/lockstep ")[2].rstrip("`") for line in lines]


def is_unticked(story: Story) -> bool:
    return "- [x]" not in story.plan_comment()


async def test_a_plan_is_approved_started_held_and_resumed_by_ticks(story: Story) -> None:
    await story.begin(roles=ROLES)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.issue(ONE)
    await story.until("Waits for approval")
    assert verbs(story) == ["approve", "refresh"]
    await tick(story, "approve", "wim")
    refused = "`/lockstep approve` needs the maintain permission on this repository; you have write."
    await story.until(refused, "> `wim` `/lockstep approve`", "**Waits for approval:**", lambda: is_unticked(story))
    await tick(story, "approve", "ana")
    await story.until("**Approved** by `ana`", "> `ana` `/lockstep approve`", lambda: is_unticked(story))
    assert verbs(story) == ["run", "refresh"]
    await tick(story, "run", "wim")
    await story.until("waits for a review", "started by `wim`", lambda: is_unticked(story))
    assert verbs(story) == ["hold", "refresh"]
    await tick(story, "hold", "wim")
    await story.until("**Paused.**", lambda: verbs(story) == ["resume", "refresh"] and is_unticked(story))
    await tick(story, "resume", "wim")
    await story.until("**Running.**", lambda: verbs(story) == ["hold", "refresh"] and is_unticked(story))
    await story.review(story.pulls()[0].number, by="boss")
    await story.until("**Done.**")
    assert verbs(story) == []


async def test_the_same_refusal_again_and_again_still_unticks_the_box(story: Story) -> None:
    await story.begin(roles=ROLES)
    await story.issue(ONE)
    await story.until("Waits for approval")
    for _ in range(7):  # more than there is room for answers, so the comment says the same again
        await tick(story, "approve", "wim")
        await story.settled()
        assert is_unticked(story)
        await story.turn_clock(seconds=1)
    assert story.plan_comment().count("> `wim` `/lockstep approve`") == 5


async def test_an_old_box_approves_no_new_text(story: Story) -> None:
    """Neither one from a page that was opened before the edit, nor one of an edit nobody has heard of yet."""
    await story.begin(roles=ROLES)
    await story.issue(ONE, by="wim")
    await story.until("Waits for approval")
    old, comment = story.plan_comment(), sticky(story)
    await story.edit(OTHER, by="wim")
    await story.until(lambda: story.plan_comment() != old)
    await write(story, comment, old, "ana")
    await story.until(lambda: story.plan_comment() != old and is_unticked(story))
    line = next(line for line in old.splitlines() if "lockstep:box=approve" in line)
    new = next(line for line in story.plan_comment().splitlines() if "lockstep:box=approve" in line)
    assert line != new
    # A page that is older than the edit posts what it has, ticked.
    url = f"{story.bot.url}/webhook"
    await story.hears(NOWHERE)
    await write(story, comment, old, "ana")
    await story.settled()
    await story.hears(url)
    await write(story, comment, old.replace(line, line.replace("- [ ]", "- [x]")), "ana")
    await story.until("The plan has changed since you looked at it.", lambda: is_unticked(story))
    await story.settled()
    await story.hears(NOWHERE)
    await story.edit(ONE + "- [ ] **two** More · run: echo 2 > two.txt\n", by="wim")
    await story.settled()
    await story.hears(url)
    await tick(story, "approve", "ana")
    await story.until(lambda: story.plan_comment().count("The plan has changed since you looked at it.") == 2)
    assert "Waits for approval" in await story.settled()


async def test_a_tick_counts_once_however_often_it_is_sent(story: Story) -> None:
    await story.begin(roles=ROLES)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(ONE)
    await story.until("waits for a review")
    await tick(story, "hold", "wim")
    await story.until("**Paused.**")
    await story.settled()
    held = next(
        row for row in reversed(story.deliveries("issue_comment")) if '"login":"wim"' in row.payload.replace(" ", "")
    )
    assert await story.ask("/lockstep resume") == "+1"
    await story.until("**Running.**")
    assert await story.send("issue_comment", held.payload) == 202
    await story.settled()
    assert "**Running.**" in story.plan_comment()
    assert story.plan_comment().count("`/lockstep hold`\n\nHeld.") == 1


async def test_only_a_tick_by_a_person_in_our_own_comment_acts(story: Story) -> None:
    await story.begin(roles=ROLES)
    await story.issue(ONE)
    await story.until("Waits for approval")
    body = story.plan_comment()
    line = next(line for line in body.splitlines() if "lockstep:box=approve" in line)
    ticked = body.replace(line, line.replace("- [ ]", "- [x]"))
    # Somebody's own comment with the same lines.
    own = await story.comment(body)
    await story.hub.ok("PATCH", f"/repos/{story.home}/issues/comments/{own}", {"body": ticked}, who="ana")
    # Other edits of ours: words, and a box that is none.
    await write(story, sticky(story), body + "\n- [x] <!-- lockstep:box=run -->Start it · `/lockstep run`", "ana")
    await story.until(lambda: story.plan_comment() == body)
    await write(story, sticky(story), body.replace("Waits for approval", "Approved"), "ana")
    await story.until(lambda: story.plan_comment() == body)
    # What a bot does.
    tick_of = story.deliveries("issue_comment")[-1]
    await story.settled()
    payload = msgspec.json.decode(tick_of.payload)
    payload["sender"] |= {"login": "other[bot]", "type": "Bot"}
    payload["comment"] |= {"id": sticky(story).id, "body": ticked}
    payload["comment"]["user"] |= {"login": "lockstep[bot]", "type": "Bot"}
    payload |= {"action": "edited", "changes": {"body": {"from": body}}}
    assert await story.send("issue_comment", msgspec.json.encode(payload).decode()) == 202
    await story.settled()
    assert story.plan_comment() == body
    # The same of a person, without what the comment said before: it is known what we last posted.
    payload["sender"] |= {"login": "ana", "type": "User"}
    payload["changes"] = {}
    payload["comment"]["body"] = ticked + "\nand more"
    assert await story.send("issue_comment", msgspec.json.encode(payload).decode()) == 202
    await story.settled()
    assert story.plan_comment() == body
    payload["comment"]["body"] = ticked
    assert await story.send("issue_comment", msgspec.json.encode(payload).decode()) == 202
    await story.until("**Approved** by `ana`")


def test_a_box_of_the_story_is_a_box() -> None:
    assert "lockstep:box=refresh" in str(Box(verb="refresh"))
