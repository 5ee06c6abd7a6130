"""`rollback`: what a plan has merged is taken back, what needs it first, over repositories."""

from tests.kit.story import Story
from tests.stories.test_commands import answers
from tests.stories.test_depends_on import gate, opened, summary

PLAN = """\
- [ ] **api** Serve it (acme/api) · run: echo 1 > api.txt
- [ ] **web** Show it (acme/web) · needs: api · run: echo 2 > web.txt
"""


async def merged(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"], roles={"ana": "maintain", "wim": "write"})
    await story.run(PLAN)
    await story.until("**Done.**")
    await story.settled()


def reverts(story: Story, repo: str) -> list[tuple[int, str, str]]:
    """Number, head and body of the pull requests that take something back."""
    rows = story.hub.sandbox.state.issues.values()
    names = story.hub.sandbox.state.repos
    found = [each for each in rows if each.pull is not None and each.pull.head_ref.startswith("revert-")]
    return [
        (each.number, each.pull.head_sha, each.body or "")
        for each in found
        if each.pull is not None and names[each.repo_id].full_name == repo
    ]


async def test_it_needs_the_maintain_permission(story: Story) -> None:
    await merged(story)
    assert await story.ask("/lockstep rollback all", by="wim") == "confused"
    await story.until("needs the maintain permission on this repository; you have write.")
    await story.settled()
    assert not reverts(story, "acme/api")


async def test_what_needs_it_goes_first(story: Story) -> None:
    await merged(story)
    assert await story.ask("/lockstep rollback api") == "confused"
    await story.until("`web` needs `api` and has merged: name it too")
    assert await story.ask("/lockstep rollback all") == "+1"
    await story.until("taken back by acme/api#", "taken back by acme/web#")
    await story.settled()
    ((web, _, _),), ((api, head, body),) = reverts(story, "acme/web"), reverts(story, "acme/api")
    assert f"Depends-On: acme/web#{web}" in body
    assert gate(story, "acme/api", head) == "in_progress"
    await story.hub.ok("PUT", f"/repos/acme/web/pulls/{web}/merge", {}, who="wim")
    await story.until(lambda: gate(story, "acme/api", head) == "success")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{api}/merge", {}, who="wim")
    assert (await story.git("acme/api", "ls-tree", "--name-only", "main", "api.txt")) == ""
    assert await story.ask("/lockstep rollback all") == "+1"
    await story.until("Nothing to take back")


async def test_after_a_lost_answer_it_is_opened_once(story: Story) -> None:
    await merged(story)
    await story.hub.fault("late_drop", method="POST", path=r"/graphql$", count=1)
    assert await story.ask("/lockstep rollback web") == "+1"
    await story.until("taken back by acme/web#")
    await story.settled()
    assert len(reverts(story, "acme/web")) == 1


async def test_what_can_not_be_undone_is_said_and_what_it_needs_stays(story: Story) -> None:
    await merged(story)
    await story.commit("acme/web", {"web.txt": "something else\n"}, by="wim")
    assert await story.ask("/lockstep rollback all") == "+1"
    await story.until("could not be taken back")
    await story.settled()
    assert not reverts(story, "acme/web")
    assert not reverts(story, "acme/api")
    assert "being taken back" not in story.plan_comment()
    assert "Taking back `api`, `web`" in answers(story)


async def test_who_edits_a_revert_learns_nothing_of_a_private_repository(story: Story) -> None:
    await story.begin(["acme/api", "acme/web", "acme/secret"], roles={"ana": "maintain", "wim": "write"})
    await story.hub.do(lambda: story.hub.scenario.collaborator(story.repo("acme/secret"), "wim", "none"))
    story.repo("acme/secret").private = True
    secret, _ = await opened(story, "acme/secret", "one", "", by="ana")
    await story.hub.ok("PUT", f"/repos/acme/secret/pulls/{secret}/merge", {}, who="ana")
    await story.run(PLAN)
    await story.until("**Done.**")
    assert await story.ask("/lockstep rollback all") == "+1"
    await story.until("taken back by acme/api#", "taken back by acme/web#")
    await story.settled()
    ((number, head, body),) = reverts(story, "acme/api")
    assert gate(story, "acme/api", head) == "in_progress"
    for private in (False, True):  # nor from one private repository of another
        story.repo("acme/api").private = private
        await story.stop()
        await story.start()
        edited = f"{body}\n\n{private}\n\nDepends-On: acme/secret#{secret}"
        await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{number}", {"body": edited}, who="wim")
        await story.until(lambda: gate(story, "acme/api", head) == "action_required")
        await story.settled()
        assert "has merged" not in summary(story, head)


async def test_it_goes_over_private_repositories_too(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"], roles={"ana": "maintain", "wim": "write"})
    story.repo("acme/api").private = story.repo("acme/web").private = True
    await story.run(PLAN)
    await story.until("**Done.**")
    assert await story.ask("/lockstep rollback all") == "+1"
    await story.until("taken back by acme/api#", "taken back by acme/web#")
    await story.settled()
    ((web, _, _),), ((_, head, _),) = reverts(story, "acme/web"), reverts(story, "acme/api")
    assert gate(story, "acme/api", head) == "in_progress"
    await story.hub.ok("PUT", f"/repos/acme/web/pulls/{web}/merge", {}, who="wim")
    await story.until(lambda: gate(story, "acme/api", head) == "success")
