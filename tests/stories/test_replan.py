"""A plan is edited while it runs: what has changed is shown, and what runs stays what was approved."""

from inline_snapshot import snapshot

from tests.kit.pipe import Pipe
from tests.kit.story import Story

PAIR = "- [ ] **one** Write · run: {wait}; echo 1 > one.txt\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"


async def running(story: Story, pipe: Pipe) -> str:
    """A plan whose first task is at work; its text."""
    text = PAIR.format(wait=pipe.wait)
    await story.begin()
    await story.run(text)
    await pipe.reached()
    return text


async def test_an_edit_of_a_plan_that_runs_is_shown_until_it_is_taken_back(story: Story, pipe: Pipe) -> None:
    text = await running(story, pipe)
    await story.edit(text.replace("echo 2", "echo 3") + "- [ ] **three** More · run: echo 3 > three.txt\n")
    said = await story.until("**The issue has been edited since:** 1 task added, 1 changed, 1 as before.")
    assert "- added: `three` More (acme/api)" in said
    assert "- changed: `two` run `echo 2 > two.txt` → `echo 3 > two.txt`" in said
    await story.edit("- [ ] **one** Write · needs: nothing\n")
    await story.until("can't be read as a plan now:** it has a problem")
    await story.edit(text)
    await story.until(lambda: "has been edited since" not in story.plan_comment())
    pipe.let_one_pass()
    await story.until("**Done.**")
    assert await story.file("acme/api", "two.txt") == "2\n"


async def test_replan_reads_the_issue_anew_and_says_what_it_changes(story: Story, pipe: Pipe) -> None:
    text = await running(story, pipe)
    assert await story.ask("/lockstep replan", by="eve") == "confused"
    await story.until("`/lockstep replan` needs the write permission on this repository; you have read.")
    assert await story.ask("/lockstep replan") == "+1"
    await story.until("The issue says what was approved for the run; nothing has changed.")
    await story.hub.fault("lose", event="issues", count=1)
    await story.edit(text.replace("- [ ] **two** Go on · needs: one", "- [x] **two** Go on"))
    assert await story.ask("/lockstep replan") == "+1"
    said = await story.until("The issue says something else than the run")
    answer = said.rpartition("> `ana` `/lockstep replan`")[2].partition("\n<sub>")[0].strip()
    assert answer == snapshot("""\
The issue says something else than the run: 1 task changed, 1 as before.

- changed: `two` needs `one` → nothing; ticked as done — *it counts as done*\
""")
    pipe.let_one_pass()
    await story.until("**Done.**")


async def test_replan_needs_a_plan(story: Story) -> None:
    await story.begin()
    await story.issue("Just some words.", labels=[])
    assert await story.ask("/lockstep replan") == "confused"
    await story.until("This issue holds no plan, and no model is set here that could draft one.")
    await story.issue("- [ ] **one** Write · run: echo 1 > one.txt\n")
    assert await story.ask("/lockstep replan") == "+1"
    await story.until("Read: 1 task, and no run is under way.")
