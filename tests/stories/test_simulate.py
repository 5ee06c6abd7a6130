"""`/lockstep simulate`: what a plan is likely to take, before it is approved and after tasks like its own have merged."""

from tests.kit.story import Story

THREE = "".join(f"- [ ] **t{n}** Write a file · run: echo {n} > t{n}.txt\n" for n in range(3))


async def test_before_and_after_there_is_history(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "wim": "write", "tri": "triage"}, workers=2)
    await story.issue(THREE)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep simulate", by="tri") == "confused"
    await story.until("`/lockstep simulate` needs the write permission on this repository; you have triage.")
    assert await story.ask("/lockstep simulate", by="wim") == "+1"
    said = await story.until("3 open tasks, simulated 200 times with 2 workers")
    assert "no history: 5% to 100% of the timeout" in said
    assert "| Money for models | $0.00 | no task uses a model; scripts cost nothing |" in said
    assert "Waits for approval" in said
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until("**Done.**")
    await story.issue(THREE.replace("echo", "echo again"), "Another plan")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep simulate", by="wim") == "+1"
    await story.until("3 earlier tasks like them", "how long the pull requests of 3 earlier tasks waited")


async def test_a_text_with_problems_is_not_simulated(story: Story) -> None:
    await story.begin()
    await story.issue("- [ ] **one** Goes round · needs: one\n")
    await story.until("This plan can't be run yet")
    assert await story.ask("/lockstep simulate") == "confused"
    await story.until("The plan has problems")
