"""Repositories in which something stands against the work: each is said in one sentence, and nobody waits for ever."""

from tests.kit.story import FILES, Story

REPOS = ("acme/api", "acme/web")


async def put(story: Story, body: str) -> int:
    """A plan that is read."""
    number = await story.issue(body)
    await story.until(lambda: story.plan_comment() != "")
    return number


async def test_a_plan_that_names_what_is_archived_or_has_another_name(story: Story) -> None:
    await story.begin(REPOS, roles={"ana": "maintain", "adam": "admin"})
    await put(story, "- [ ] **web** Show it (acme/web) · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    await story.hub.ok("PATCH", "/repos/acme/web", {"archived": True}, who="adam")
    await story.settled()
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("**Line 1:** `acme/web` is archived, so nothing can be changed there")
    await story.hub.ok("PATCH", "/repos/acme/web", {"archived": False}, who="adam")
    await story.hub.ok("PATCH", "/repos/acme/web", {"name": "site"}, who="adam")
    await story.settled()
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("**Line 1:** Lockstep is not installed on `acme/web`")
    assert len(story.issues()) == 1


async def test_a_repository_that_is_archived_under_way_and_one_that_is_renamed(story: Story) -> None:
    """GitHub answers to the old name, so what is renamed goes on; what is archived is said with GitHub's words."""
    await story.begin((*REPOS, "acme/docs"), roles={"ana": "maintain", "adam": "admin"})
    plan = "\n".join(
        f"- [ ] **{name}** Write it (acme/{name}) · needs: {needs} · run: echo 1 > one.txt".replace(
            " · needs:  ·", " ·"
        )
        for name, needs in (("api", ""), ("web", "api"), ("docs", "api"))
    )
    await put(story, plan)
    await story.hub.ok("PUT", "/repos/acme/api/contents/broken", {"message": "b", "content": ""}, who="ana")
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until("needs a person")
    await story.hub.ok("PATCH", "/repos/acme/web", {"name": "site"}, who="adam")
    await story.hub.ok("PATCH", "/repos/acme/docs", {"archived": True}, who="adam")
    await story.settled()
    assert await story.ask("/lockstep skip api") == "+1"
    await story.until("GitHub takes no push to lockstep/api-1/docs", "This repository was archived so it is read-only")
    await story.until(lambda: any(place.startswith("acme/site#") for place in story.merges))
    assert await story.ask("/lockstep status", on="acme/api") == "+1"


async def test_a_base_that_takes_nothing_from_the_bot(story: Story) -> None:
    await story.begin()
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), pushers=["ana"]))
    await story.run("- [ ] **one** Write it · run: echo 1 > one.txt\n")
    await story.until("GitHub does not merge it yet: You're not authorized to push to this branch")
    assert not story.merges
    pull = story.pulls()[0].number
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{pull}/merge", {}, who="ana")
    await story.until("**Done.**")


async def test_a_permission_that_the_app_lacks_is_said(story: Story) -> None:
    await story.begin(REPOS)
    installation = next(iter(story.hub.sandbox.state.installations.values()))
    await story.hub.do(installation.permissions.__setitem__, "checks", "read")
    await story.hub.do(installation.permissions.__setitem__, "contents", "read")
    await put(story, "- [ ] **one** Write it (acme/web) · run: echo 1 > one.txt\n")
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until("The permissions requested are not granted to this installation.", "/lockstep retry failed")
    for name in ("checks", "contents"):
        await story.hub.do(installation.permissions.__setitem__, name, "write")
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("**Done.**")


async def test_a_branch_that_somebody_else_has_is_left_as_it_is(story: Story) -> None:
    """Another plan, or a person: the work of the one that came first is not written over."""
    await story.begin({"acme/api": FILES})
    theirs = await story.commit("acme/api", {"theirs.txt": "1\n"}, branch="lockstep/api-1/one")
    await story.run("- [ ] **one** Write it · run: echo 1 > one.txt\n")
    await story.until("Somebody else has pushed to lockstep/api-1/one")
    assert await story.git("acme/api", "rev-parse", "lockstep/api-1/one") == theirs
