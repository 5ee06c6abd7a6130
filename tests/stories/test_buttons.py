"""The buttons of our own check runs: commands of whoever presses them, with that person's permission."""

from services.sandbox.state import CheckRun
from tests.kit.story import Story

ROLES = {"ana": "maintain", "wim": "write", "eve": "read", "boss": "admin"}
ONE = "- [ ] **one** Write · run: echo 1 > one.txt\n"


async def in_review(story: Story) -> int:
    """A green pull request that waits for a review; its number."""
    await story.begin(roles=ROLES)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(ONE)
    await story.until("waits for a review or a required check")
    (pull,) = story.pulls()
    return pull.number


def ours(story: Story, name: str) -> CheckRun:
    rows = [row for row in story.hub.sandbox.state.check_runs.values() if row.name == name]
    return rows[-1]


async def press(story: Story, name: str, identifier: str, by: str) -> bool:
    asked = {"run": ours(story, name).id, "identifier": identifier, "login": by}
    async with story.hub.session.post(f"{story.hub.url}/_sandbox/press", json=asked) as answer:
        return answer.status == 200


async def test_buttons_stand_on_our_checks(story: Story) -> None:
    await in_review(story)
    assert [each["label"] for each in ours(story, "lockstep/plan").actions] == ["Retry", "Hold", "Resume"]
    assert [each["label"] for each in ours(story, "lockstep/gate").actions] == ["Merge now", "Update branch", "Explain"]


async def test_a_button_is_a_command_of_who_presses_it(story: Story) -> None:
    number = await in_review(story)
    assert await press(story, "lockstep/plan", "hold", "eve")
    await story.until(
        lambda: "`/lockstep hold` needs the triage permission" in story.comment_on("acme/api", number),
        "waits for a review",
    )
    assert await press(story, "lockstep/plan", "hold", "wim")
    await story.until(lambda: "> `wim` `/lockstep hold`" in story.comment_on("acme/api", number))
    assert await press(story, "lockstep/plan", "resume", "wim")
    await story.until(lambda: "> `wim` `/lockstep resume`" in story.comment_on("acme/api", number))
    assert await press(story, "lockstep/gate", "explain", "eve")
    await story.until(lambda: "> `eve` `/lockstep explain`" in story.comment_on("acme/api", number))
    assert await press(story, "lockstep/gate", "merge", "wim")
    await story.until(lambda: "needs the maintain permission" in story.comment_on("acme/api", number))
    assert await press(story, "lockstep/gate", "merge", "ana")
    await story.until(lambda: "Not merged." in story.comment_on("acme/api", number))


async def test_an_identifier_that_is_no_button_of_ours_does_nothing(story: Story) -> None:
    number = await in_review(story)
    await story.hub.do(
        ours(story, "lockstep/plan").actions.append, {"label": "x", "description": "y", "identifier": "cancel"}
    )
    assert await press(story, "lockstep/plan", "cancel", "ana")
    await story.settled()
    assert "cancel" not in story.comment_on("acme/api", number)
    assert "waits for a review" in story.plan_comment()


async def test_run_again_means_retry(story: Story) -> None:
    number = await in_review(story)
    run = ours(story, "lockstep/gate")
    await story.hub.ok("POST", f"/repos/acme/api/check-runs/{run.id}/rerequest", {}, who="wim")
    await story.until(lambda: "> `wim` `/lockstep retry`" in story.comment_on("acme/api", number))
    await story.settled()
