"""A pull request from a fork, by somebody who may not even write to the repository: in a group, behind a gate."""

from services.sandbox.actions_records import WorkflowRun
from tests.kit.sight import BOT
from tests.kit.story import Story
from tests.stories.test_depends_on import gate, main_of, summary

PLAN = """\
- [ ] **base** Lay the ground (acme/web) · run: echo 1 > base.txt
- [ ] **api** Serve it (acme/api) · needs: base · group: release · agent: human
- [ ] **web** Show it (acme/web) · group: release · run: echo 2 > web.txt
"""


async def test_it_is_gated_and_merges_with_its_group(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"])
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo("acme/api"), "lockstep/gate"))
    number, sha = await forked(story)
    where, asked = f"/repos/acme/api/pulls/{number}", {"body": f"Closes #{number + 2}"}
    await story.hub.ok("PATCH", where, asked, who="finn")  # before anybody has handed it to whoever wrote it
    await story.run(PLAN)
    assert await story.ask("/lockstep hold base") == "+1"
    issue = next(each.number for each in story.issues() if each.user == BOT and each.title == "Serve it")
    assert asked == {"body": f"Closes #{issue}"}
    await story.settled()
    assert "does it in" not in story.plan_comment(), "whoever can't write here takes no task"
    assert await story.ask("/lockstep assign api @finn") == "+1"
    await story.until(lambda: summary(story, sha) == "Not merged yet: `base`.")
    assert await story.ask("/lockstep rebase api") == "+1"
    await story.until("no open pull request of mine")  # nothing is ever pushed to a fork
    assert await story.ask("/lockstep resume base") == "+1"
    await story.until(f"`finn` does it in #{number}: waits for its checks to start; it comes from a fork")
    await allowed(story)
    await story.until(lambda: gate(story, "acme/api", sha) == "success", "`api` first")
    fork = story.repo("finn/api").id
    await story.hub.do(story.hub.sandbox.git.set_ref, fork, "refs/heads/mine", await main_of(story, fork))
    forced = await story.commit("finn/api", {"api.txt": "2\n"}, branch="mine", by="finn")
    await story.until("waits for `api`", lambda: gate(story, "acme/api", forced) == "in_progress")
    await allowed(story)
    await story.until(lambda: gate(story, "acme/api", forced) == "success")
    await story.settled()
    assert not any(each.startswith("acme/api") for each in story.merges), "a person merges it"
    await story.hub.ok("PUT", f"{where}/merge", {}, who="ana")
    await story.until("**Done.**", "**Group `release`** has merged, all of it.")


async def forked(story: Story) -> tuple[int, str]:
    """A pull request of finn's, whom the repository does not know; its number and head."""
    await story.hub.ok("POST", "/repos/acme/api/forks", {}, who="finn")
    await story.commit("finn/api", {"api.txt": "1\n"}, branch="mine", by="finn")
    asked = {"title": "Mine", "head": "finn:mine", "base": "main", "body": "", "maintainer_can_modify": True}
    made = await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="finn")
    return made["number"], made["head"]["sha"]


async def allowed(story: Story) -> None:
    """A person lets Actions run for a newcomer."""

    def waiting() -> list[WorkflowRun]:
        runs = story.hub.sandbox.state.runs.values()
        return [run for run in runs if run.conclusion == "action_required"]

    for run in await story.hub.do(waiting):
        await story.hub.ok("POST", f"/repos/acme/api/actions/runs/{run.id}/approve", {}, who="ana")
