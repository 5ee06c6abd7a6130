"""The agent `copilot`: the tracking issue is assigned, and the pull request that comes of it becomes the task's own."""

from collections.abc import Mapping
from pathlib import Path

from services.core.names import LABEL_PLAN
from services.sandbox import copilot
from services.sandbox.sandbox import Sandbox
from services.sandbox.state import Issue
from tests.kit.crash.killed import Blow, killed
from tests.kit.crash.stage import HOME, PERSON
from tests.kit.story import FILES, Story

PLAN = "- [ ] **one** Write it · agent: copilot · paths: one.txt, broken · verify: test -e one.txt\n"


async def begin(story: Story, *, other: str = "") -> None:
    """Copilot is in acme/api, and ana lends her name."""
    hub = story.hub
    token = await hub.do(lambda: hub.scenario.user_token("ana"))
    await story.begin({"acme/api": FILES, **({other: FILES} if other else {})}, copilot_token=token)
    await hub.do(lambda: copilot.enable(hub.sandbox, story.repo("acme/api")))


def assigned(sandbox: Sandbox) -> list[str]:
    return [line.actor for line in sandbox.state.issue_events.values() if line.data.get("assignee") == "Copilot"]


async def finish(story: Story, files: Mapping[str, str | None] | None = None, *, failed: bool = False) -> None:
    """Copilot commits, and says that it is done."""
    sandbox, (pull, *_) = story.hub.sandbox, story.pulls()

    def work() -> None:
        if files:
            copilot.push(sandbox, pull, files)
        copilot.finish(sandbox, pull, failed=failed)

    await story.hub.do(work)


async def test_what_copilot_makes_is_judged_and_merged_beside_a_script(story: Story) -> None:
    await begin(story)
    await story.run(f"{PLAN}- [ ] **two** Say it · needs: one · run: test -e one.txt && echo 2 > two.txt\n")
    await story.until("Copilot works on it in #", story.pulls)
    await finish(story, {"one.txt": "1\n", "broken": ""})
    await story.until("check `test` failed")
    wish = {"event": "COMMENT", "body": "@lockstep take `broken` out, closes #1"}
    await story.hub.ok("POST", f"/repos/acme/api/pulls/{story.pulls()[0].number}/reviews", wish, who="ana")
    await story.until(lambda: asked(story.hub.sandbox))
    assert asked(story.hub.sandbox)[0].startswith("@copilot Another attempt is needed in this pull request.")
    assert "c\u2060loses" in asked(story.hub.sandbox)[0]
    await finish(story, {"broken": None})
    await story.until("**Done.**")
    first, second = story.pulls()
    assert first.pull is not None
    assert (first.user, first.pull.merged, first.pull.draft, second.user) == ("Copilot", True, False, "lockstep[bot]")
    assert assigned(story.hub.sandbox) == ["ana"]


def asked(sandbox: Sandbox) -> list[str]:
    comments = sandbox.state.comments.values()
    return [each.body for each in comments if each.user == "ana" and each.body.startswith("@copilot")]


async def test_a_lost_webhook_a_restart_and_a_cancel(story: Story) -> None:
    await begin(story)
    await story.hub.fault("late_drop", method="POST", path=r"/assignees$", count=1)
    await story.run(f"{PLAN}- [ ] **two** Wait · agent: copilot\n")
    await story.until(lambda: len(story.pulls()) == 2)
    assert await story.ask("/lockstep cancel two") == "+1"
    await story.until(lambda: [issue.assignees for issue in tracking(story)][1] == [])
    await story.stop()
    sandbox, pull = story.hub.sandbox, pull_of(story, "Write it")
    await story.hub.do(lambda: copilot.push(sandbox, pull, {"one.txt": "1\n"}))
    await story.hub.do(lambda: copilot.finish(sandbox, pull))
    await story.start()
    await story.until(lambda: pull.pull is not None and pull.pull.merged)


def tracking(story: Story) -> list[Issue]:
    rows = story.hub.sandbox.state.issues.values()
    return [each for each in rows if each.pull is None and each.number != story.number]


async def test_where_others_have_a_hand_in_it_or_it_is_not_there_a_person_looks(story: Story) -> None:
    await begin(story, other="acme/web")
    await story.run(
        "- [ ] **foreign** Dig · agent: copilot\n"
        "- [ ] **closed** Sow · agent: copilot\n"
        "- [ ] **fails** Reap · agent: copilot\n"
        "- [ ] **none** Do it (acme/web) · agent: copilot\n"
    )
    await story.until("Copilot can't be assigned in `acme/web`", lambda: len(story.pulls()) == 3)
    sandbox, foreign, closed, fails = story.hub.sandbox, *(pull_of(story, title) for title in ("Dig", "Sow", "Reap"))
    assert foreign.pull is not None
    await story.commit("acme/api", {"one.txt": "1\n"}, branch=foreign.pull.head_ref, by="ana")
    await story.hub.do(lambda: copilot.finish(sandbox, foreign))
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{closed.number}", {"state": "closed"}, who="ana")
    await story.hub.do(lambda: copilot.finish(sandbox, fails, failed=True))
    await story.until(
        ", which is not Copilot's: look at it, then merge it yourself",
        f"Copilot's pull request #{closed.number} was closed without merging",
        lambda: len(asked(story.hub.sandbox)) == 1,
    )
    assert "Copilot has given up in its pull request" in asked(story.hub.sandbox)[0]
    assert len(story.pulls()) == 3


def pull_of(story: Story, title: str) -> Issue:
    return next(each for each in story.pulls() if title in each.title)


async def test_without_a_token_nobody_is_asked(story: Story) -> None:
    await story.begin()
    await story.run(PLAN)
    await story.until("Copilot can only be asked in a person's name, and no token of one is set")


async def test_killed_while_it_is_asked_it_is_asked_once(tmp_path: Path) -> None:
    """After GitHub has assigned it, and after the comment for another attempt, before the bot has heard so."""
    async with killed(tmp_path, Blow("assign", "after")) as it:
        stage, hub, sandbox = it.stage, it.stage.hub, it.stage.hub.sandbox
        it.host.set(LOCKSTEP_COPILOT_TOKEN=await hub.do(lambda: hub.scenario.user_token(PERSON)))
        await hub.do(lambda: copilot.enable(sandbox, stage.repo(HOME)))
        await it.begin()
        await it.write("- [ ] **one** Write it · agent: copilot · verify: test -e one.txt\n", LABEL_PLAN)
        await it.shows("Waits for approval")
        await stage.say(1, "/lockstep approve\n/lockstep run")
        await it.comes_back()
        await it.shows("Copilot works on it in #")
        (pull,) = (each for each in sandbox.state.issues.values() if each.pull is not None)
        it.arm(Blow("comment", "after"))
        await hub.do(lambda: copilot.finish(sandbox, pull, failed=True))
        await it.comes_back()
        await it.shows("Copilot is asked for another attempt in #")
        await hub.do(lambda: copilot.push(sandbox, pull, {"one.txt": "1\n"}))
        await hub.do(lambda: copilot.finish(sandbox, pull))
        await it.shows("**Done.**")
        assert (assigned(sandbox), len(asked(sandbox))) == ([PERSON], 1)
        assert [each.number for each in sandbox.state.issues.values() if each.pull is not None] == [pull.number]
