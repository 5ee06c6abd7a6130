"""The drill: the receiver is down, webhooks are lost, doubled and swapped, and nothing that people did is lost."""

from tests.kit.story import NOWHERE, Story

PLAN = "- [ ] **one** Do it (acme/api) · agent: human\n"


def all_are_stored(story: Story) -> bool:
    """Has every delivery that GitHub has tried come to the store?"""
    sent = {each.guid for each in story.hub.sandbox.state.deliveries.values() if each.status != "pending"}
    return bool(sent) and sent <= story.stored_guids()


async def test_everything_is_brought_in_within_one_period(story: Story) -> None:
    await story.begin(repair_seconds=1.0)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    await story.hub.fault("double", probability=0.3)
    await story.hub.fault("reorder", probability=0.3)
    await story.hears(NOWHERE)
    await story.hub.fault("error", method="POST", path=r"/reactions$", count=2)  # 👀, and the first 👍
    comment = await story.comment("/lockstep approve\n/lockstep run")
    for n in range(12):
        await story.comment(f"Talk number {n}.", by="eve")
    await story.hub.running.idle()
    # Still nobody hears anything: what was lost comes in all the same.
    await story.until(lambda: all_are_stored(story), lambda: "+1" in story.reactions(comment))
    await story.hears(f"{story.bot.url}/webhook")
    found = await story.blind()
    assert sum(window.missed for window in found) == sum(window.recovered for window in found) >= 13
    assert not any(window.unseen for window in found)


async def test_what_came_while_the_process_was_away_is_there_at_the_start(story: Story) -> None:
    await story.begin()
    await story.issue(PLAN)
    await story.until("Waits for approval")
    await story.settled()
    await story.stop()
    comment = await story.comment("/lockstep approve")
    await story.hub.running.idle()
    await story.start()
    await story.until(lambda: "+1" in story.reactions(comment))
    (window,) = await story.blind()
    assert window.missed == window.recovered > 0
