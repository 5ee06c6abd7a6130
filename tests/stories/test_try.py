"""`try`: CI judges the merge of a pull request with its base; nothing is merged, and the branch is gone afterwards."""

from tests.kit.story import FILES, Story

CI = """\
name: ci
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: sh test.sh
"""
REPO = {**FILES, "test.sh": "test ! -e one.txt || test ! -e two.txt\n", ".github/workflows/ci.yml": CI}
ROLES = {"ana": "maintain", "wim": "write", "tri": "triage"}


async def pull(story: Story, files: dict[str, str | None], branch: str) -> int:
    """A person's pull request; its number."""
    await story.commit("acme/api", files, branch=branch)
    asked = {"title": branch, "head": branch, "base": "main"}
    return int((await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="ana"))["number"])


async def branches(story: Story) -> list[str]:
    return (await story.git("acme/api", "branch", "--list", "--format=%(refname:short)")).splitlines()


async def test_a_merge_that_fails_though_both_sides_pass(story: Story) -> None:
    await story.begin({"acme/api": REPO}, roles=ROLES)
    await story.issue("Words.", labels=())
    number = await pull(story, {"one.txt": "1\n"}, "one")
    await story.commit("acme/api", {"two.txt": "2\n"})
    await story.settled()
    assert await story.ask("/lockstep try", number=number, by="tri") == "confused"
    await story.until(lambda: "needs the write permission" in story.comment_on("acme/api", number))
    assert await story.ask("/lockstep try", number=number, by="wim") == "+1"
    await story.until(lambda: "**fails**: `test`" in story.comment_on("acme/api", number))
    await story.settled()
    assert "Trying the merge of `acme/api#" in story.comment_on("acme/api", number)
    assert await branches(story) == ["main", "one"]
    assert not story.merges
    # The other file goes: then the merge is fine, asked for from elsewhere.
    await story.commit("acme/api", {"two.txt": None})
    assert await story.ask(f"/lockstep try acme/api#{number}", by="wim") == "+1"
    await story.until(lambda: "**passes**: `test`" in story.comment_on("acme/api", number))
    await story.settled()
    assert await branches(story) == ["main", "one"]
    assert not story.merges


async def test_what_can_not_be_tried_is_said(story: Story) -> None:
    await story.begin({"acme/api": REPO, "acme/secret": FILES}, roles=ROLES, installed=["acme/api"])
    await story.issue("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    number = await pull(story, {"README.md": "one side\n"}, "other")
    await story.commit("acme/api", {"README.md": "the other side\n"})
    assert await story.ask(f"/lockstep try acme/api#{number}") == "+1"
    await story.until(lambda: "It conflicts with its base" in story.comment_on("acme/api", number))
    for words, said in {
        "one": "this plan has not been started",
        "acme/secret#1": "That needs the write permission on `acme/secret`",
        f"acme/api#{story.number}": "is no pull request",
        "one two": "One at a time",
    }.items():
        assert await story.ask(f"/lockstep try {words}") == "confused"
        await story.until(said)
    await story.settled()


async def test_the_pull_request_of_a_task_and_no_workflow(story: Story) -> None:
    await story.begin(roles={**ROLES, "boss": "admin"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("waits for a review")
    (mine,) = story.pulls()
    assert await story.ask("/lockstep try one", by="wim") == "+1"
    await story.until(
        lambda: "no workflow runs on a push to `lockstep/try/**`" in story.comment_on("acme/api", mine.number)
    )
    await story.settled()
    assert not [name for name in await branches(story) if "try" in name]
    assert "waits for a review" in story.plan_comment()


async def test_a_try_outlives_the_process(story: Story) -> None:
    await story.begin({"acme/api": {**REPO, "test.sh": "exit 0\n"}}, roles=ROLES)
    await story.issue("Words.", labels=())
    number = await pull(story, {"one.txt": "1\n"}, "one")
    await story.settled()
    assert await story.ask("/lockstep try", number=number) == "+1"
    await story.stop()
    await story.start()
    await story.until(lambda: "**passes**: `test`" in story.comment_on("acme/api", number))
    await story.settled()
    assert story.comment_on("acme/api", number).count("**passes**") == 1
    assert await branches(story) == ["main", "one"]


async def test_what_came_of_it_is_said_though_its_branch_can_not_be_deleted(story: Story) -> None:
    await story.begin({"acme/api": {**REPO, "test.sh": "exit 0\n"}}, roles=ROLES)
    await story.issue("Words.", labels=())
    number = await pull(story, {"one.txt": "1\n"}, "one")
    await story.settled()
    await story.hub.fault("error", method="DELETE", path=r"/git/refs/", status=404, count=99)
    assert await story.ask("/lockstep try", number=number) == "+1"
    await story.until(lambda: "**passes**: `test`" in story.comment_on("acme/api", number))
    await story.until(lambda: "does not let me delete `lockstep/try/" in story.comment_on("acme/api", number))
