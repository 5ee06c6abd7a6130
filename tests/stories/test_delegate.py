"""`/lockstep delegate`: somebody acts in a maintainer's name, and never with more than the maintainer has then."""

from tests.kit.story import FILES, Story

ONE = "- [ ] **one** Write a file · run: echo 1 > one.txt\n"
ROLES = {"ana": "maintain", "wim": "write", "dee": "read"}


async def planned(story: Story) -> None:
    await story.begin(roles=ROLES)
    await story.issue(ONE)
    await story.until("Waits for approval")


async def role(story: Story, login: str, role: str, repo: str = "acme/api") -> None:
    await story.hub.do(story.hub.scenario.collaborator, story.repo(repo), login, role)


async def test_a_delegate_approves_and_runs_in_the_maintainers_name(story: Story) -> None:
    await planned(story)
    assert await story.ask("/lockstep delegate @dee", by="wim") == "confused"
    await story.until("`/lockstep delegate` needs the maintain permission on this repository; you have write.")
    assert await story.ask("/lockstep approve", by="dee") == "confused"
    await story.until("`/lockstep approve` needs the maintain permission on this repository; you have read.")
    assert await story.ask("/lockstep delegate @dee") == "+1"
    await story.until("`dee` may use `approve`, `run`, `retry`, `merge` in your name, until the plan's text changes")
    assert await story.ask("/lockstep delegate") == "+1"
    await story.until("- `dee` in the name of `ana`: `approve`, `run`, `retry`, `merge`")
    assert await story.ask("/lockstep skip one", by="dee") == "confused"
    await story.until("`/lockstep skip` needs the write permission")
    assert await story.ask("/lockstep delegate @wim", by="dee") == "confused"
    assert await story.ask("/lockstep approve\n/lockstep run", by="dee") == "+1"
    await story.until("In the name of `ana`: Approved as", "**Done.**", "started by `ana`")


async def test_what_is_lent_ends_with_the_text_the_word_or_the_right(story: Story) -> None:
    await planned(story)
    assert await story.ask("/lockstep delegate @dee approve") == "+1"
    await story.stop_clock()
    await story.edit(ONE.replace("echo 1", "echo evil"))
    assert await story.ask("/lockstep refresh", by="wim") == "+1"
    assert await story.ask("/lockstep approve", by="dee") == "confused"
    await story.until("`/lockstep approve` needs the maintain permission on this repository; you have read.")
    assert await story.ask("/lockstep delegate @dee approve") == "confused"
    await story.until("The plan has changed since you looked at it.", "then repeat `/lockstep delegate`.")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep delegate @dee approve") == "+1"
    assert await story.ask("/lockstep delegate off @dee") == "+1"
    await story.until("Taken back from `dee`.")
    assert await story.ask("/lockstep approve", by="dee") == "confused"
    assert await story.ask("/lockstep delegate @dee approve") == "+1"
    await role(story, "ana", "write")
    assert await story.ask("/lockstep approve", by="dee") == "confused"
    await story.until("`ana`, in whose name you may use `/lockstep approve`, has no maintain permission")
    assert "Waits for approval" in story.plan_comment()


async def test_the_lender_is_judged_in_every_repository(story: Story) -> None:
    """The approver needs to write everywhere: neither of the two may write to the second one."""
    await story.begin(("acme/api", "acme/web"), roles=ROLES)
    await role(story, "ana", "read", "acme/web")
    await story.issue(ONE + "- [ ] **two** Elsewhere (acme/web) · run: echo 2 > two.txt\n")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep delegate @dee approve") == "+1"
    assert await story.ask("/lockstep approve", by="dee") == "confused"
    await story.until(
        "Approving needs the write permission on every repository of the plan; you have read on `acme/web`."
    )


async def test_nobody_approves_their_own_plan_through_somebody_else(story: Story) -> None:
    files = {**FILES, ".github/lockstep.yml": "checks: none\napprovals:\n  self: false\n"}
    await story.begin({"acme/api": files}, roles=ROLES)
    await story.issue(ONE, by="dee")
    assert await story.ask("/lockstep delegate @dee approve") == "+1"
    assert await story.ask("/lockstep approve", by="dee") == "confused"
    await story.until("This repository asks for an approval by somebody other than the plan's author.")


async def test_what_can_not_be_delegated(story: Story) -> None:
    await planned(story)
    for words, said in {
        "@dee delegate": "`delegate` can't be delegated; these can: `approve`, `assign`,",
        "@dee status": "`status` can't be delegated",
        "@dee frobnicate": "`frobnicate` can't be delegated",
        "dee approve": "Say whom and, if you like, which commands",
        "off @dee approve": "Say whom and, if you like, which commands",
        "@ana": "Nobody has to delegate to themselves.",
    }.items():
        assert await story.ask(f"/lockstep delegate {words}") == "confused"
        await story.until(said)
    assert await story.ask("/lockstep delegate off @dee") == "+1"
    await story.until("`dee` may do nothing in anybody's name here.")


async def test_nothing_outside_of_the_plan_is_tried_in_somebody_elses_name(story: Story) -> None:
    await story.begin(("acme/api", "acme/web"), roles=ROLES)
    await story.issue(ONE)
    await story.until("Waits for approval")
    await story.commit("acme/web", {"x.txt": "1\n"}, branch="x")
    asked = {"title": "x", "head": "x", "base": "main"}
    number = (await story.hub.ok("POST", "/repos/acme/web/pulls", asked, who="ana"))["number"]
    assert await story.ask("/lockstep delegate @dee try") == "+1"
    assert await story.ask(f"/lockstep try acme/web#{number}", by="dee") == "confused"
    await story.until("In somebody else's name only the tasks of this plan can be tried.")
