"""Groups where branches have rules of their own, where a freeze begins in the middle, and where a person does a task."""

from services.sandbox.state import Issue
from tests.kit.sight import BOT
from tests.kit.story import CI, FILES, Story
from tests.stories.test_depends_on import gate

QUEUE = CI.replace("on: pull_request", "on: [pull_request, merge_group]")
RULED = """\
- [ ] **api** Serve it (acme/api) · group: release · run: echo 1 > api.txt
- [ ] **web** Show it (acme/web) · needs: api · group: release · run: echo 2 > web.txt
- [ ] **more** Show more (acme/web) · needs: web · group: release · run: echo 3 > more.txt
- [ ] **docs** Tell of it (acme/docs) · needs: more · group: release · run: echo 4 > docs.txt
"""
THEIRS = """\
- [ ] **api** Serve it (acme/api) · group: release · agent: human
- [ ] **docs** Tell of it (acme/docs) · group: release · run: echo 4 > docs.txt
"""
SETTINGS = ".github/lockstep.yml"
FREEZE = "freeze:\n  - {from: 2000-01-01T00:00:00Z, until: 2100-01-01T00:00:00Z, why: quiet days}\n"


def tracking(story: Story, title: str) -> Issue:
    return next(issue for issue in story.issues() if issue.user == BOT and issue.title == title)


async def test_up_to_date_branches_and_a_merge_queue(story: Story) -> None:
    """The second in `web` falls behind with the first's merge, in the middle of the group; the last goes into a queue."""
    docs = {**FILES, ".github/workflows/ci.yml": QUEUE}
    await story.begin({"acme/api": FILES, "acme/web": FILES, "acme/docs": docs})
    protect = story.hub.scenario.protect
    await story.hub.do(lambda: protect(story.repo("acme/web"), "test", "lockstep/gate", strict=True))
    await story.hub.do(lambda: protect(story.repo("acme/docs"), "test", "lockstep/gate", merge_queue=True))
    await story.run(RULED)
    await story.until("**Done.**", "**Group `release`** has merged, all of it.")
    assert [each.partition("#")[0] for each in story.merges] == ["acme/api", "acme/web", "acme/web", "acme/docs"]
    told = await story.bot.engine.history(f"acme/api#{story.number}")
    assert [moment.task for moment in told if moment.kind == "rebased"] == ["more"]
    assert [moment.task for moment in told if moment.kind == "enqueued"] == ["docs"]
    assert not [moment for moment in told if moment.kind == "reverting"]


async def test_a_persons_task_goes_first_and_a_freeze_that_begins_then_is_kept(story: Story) -> None:
    await story.begin(["acme/api", "acme/docs"], roles={"ana": "maintain", "bea": "write"})
    await story.run(THEIRS)
    await story.until(lambda: len(story.pulls("acme/docs")) == 1, "2 ready, waits for `api`")
    await story.commit("acme/api", {"api.txt": "1\n"}, branch="mine", by="bea")
    body = f"Closes #{tracking(story, 'Serve it').number}"
    asked = {"title": "Mine", "head": "mine", "base": "main", "body": body}
    made = await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="bea")
    await story.until("is being merged, `api` first")
    await story.until(lambda: gate(story, "acme/api", made["head"]["sha"]) == "success")
    await story.settled()
    assert not story.merges, "it is the person who merges it, and the rest waits"
    await story.commit("acme/docs", {SETTINGS: FREEZE})
    await story.settled()
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{made['number']}/merge", {}, who="bea")
    await story.until(
        "**Group `release` is half merged.** `docs` is next", "nothing is merged before 2100", "quiet days"
    )
    await story.settled()
    assert len(story.merges) == 1
    await story.commit("acme/docs", {SETTINGS: None})
    assert await story.ask("/lockstep refresh") == "+1"
    await story.until("**Done.**")
    assert len(story.merges) == 2
