"""`Depends-On` in pull requests of people: one gate each, over repositories, green when the last need has merged."""

from functools import partial

import pytest
from inline_snapshot import snapshot

from services.engine.gates import Gatekeeper
from services.sandbox import installing
from tests.kit.story import FILES, Story

REPOS = ("acme/api", "acme/web")
OTHER = "https://elsewhere.test/acme/api/pull/1"
ROLES = {"ana": "maintain", "bea": "write"}


async def opened(story: Story, repo: str, branch: str, body: str, by: str = "bea") -> tuple[int, str]:
    """A pull request of a person; its number and head."""
    await story.commit(repo, {f"{branch}.txt": "1\n"}, branch=branch, by=by)
    asked = {"title": branch, "head": branch, "base": "main", "body": body}
    made = await story.hub.ok("POST", f"/repos/{repo}/pulls", asked, who=by)
    return made["number"], made["head"]["sha"]


def gate(story: Story, repo: str, sha: str) -> str:
    return story.checks(repo, sha).get("lockstep/gate", "")


async def test_a_gate_turns_green_with_the_last_needs_merge(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    one, _ = await opened(story, "acme/api", "one", "The first.")
    _, sha = await opened(story, "acme/web", "two", f"After it.\n\nDepends-On: acme/api#{one}")
    await story.until(lambda: gate(story, "acme/web", sha) == "in_progress")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{one}/merge", {}, who="bea")
    await story.until(lambda: gate(story, "acme/web", sha) == "success")


async def test_a_need_is_seen_once_the_app_is_and_met_under_the_name_that_its_repository_had(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES | {"adam": "admin"}, installed=["acme/web"])
    one, _ = await opened(story, "acme/api", "one", "The first.")
    _, sha = await opened(story, "acme/web", "two", f"- [ ] depends on acme/api#{one}")
    await story.until(lambda: "Lockstep is not installed there" in summary(story, sha))
    installation = next(iter(story.hub.sandbox.state.installations.values()))
    await story.hub.do(installing.choose, story.hub.sandbox, installation, None, "adam")
    await story.until(lambda: gate(story, "acme/web", sha) == "in_progress")
    await story.hub.ok("PATCH", "/repos/acme/api", {"name": "core"}, who="adam")
    await story.settled()
    await story.hub.ok("PUT", f"/repos/acme/core/pulls/{one}/merge", {}, who="bea")
    await story.until(lambda: gate(story, "acme/web", sha) == "success")


async def test_what_is_wrong_is_said_and_an_edit_puts_it_right(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    number, sha = await opened(story, "acme/web", "two", "Depends-On: acme/nowhere#4")
    await story.until(lambda: gate(story, "acme/web", sha) == "action_required")
    ask = partial(story.ask, on="acme/web", number=number)
    assert await ask("/lockstep override acme/nowhere#4", by="bea") == "confused"
    assert await ask("/lockstep override acme/nowhere#5") == "confused"
    assert await ask('/lockstep override acme/nowhere#4 why="it is in place"') == "+1"
    await story.until(lambda: gate(story, "acme/web", sha) == "success")
    said = f"need `acme/nowhere#4` does not count for {sha[:7]}, says `ana`: it is in place"
    assert summary(story, sha) == f"- {said}"
    await story.until(lambda: said in story.comment_on("acme/web", number))
    assert await ask("/lockstep explain") == "+1"
    await story.until(lambda: "nothing is missing, and it can be merged" in story.comment_on("acme/web", number))
    for state in ("closed", "open"):  # as people start CI again
        await story.hub.ok("PATCH", f"/repos/acme/web/pulls/{number}", {"state": state}, who="bea")
        await story.settled()
    assert gate(story, "acme/web", sha) == "success"
    moved = await story.commit("acme/web", {"two.txt": "2\n"}, branch="two", by="bea")
    await story.until(lambda: gate(story, "acme/web", moved) == "action_required")
    await story.hub.ok("PATCH", f"/repos/acme/web/pulls/{number}", {"body": "Nothing."}, who="bea")
    await story.until(lambda: gate(story, "acme/web", moved) == "success")


async def test_two_that_need_each_other_are_named(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    one, first = await opened(story, "acme/api", "one", "")
    two, second = await opened(story, "acme/web", "two", f"Depends-On: acme/api#{one}")
    await story.until(lambda: gate(story, "acme/web", second) == "in_progress")
    asked = {"body": f"Depends-On: acme/web#{two}"}
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{one}", asked, who="bea")
    await story.until(lambda: gate(story, "acme/api", first) == "action_required")
    await story.until(lambda: gate(story, "acme/web", second) == "action_required")


async def test_a_new_head_gets_its_gate_and_a_pull_request_without_needs_none(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    one, alone = await opened(story, "acme/api", "one", "Nothing.")
    _, _ = await opened(story, "acme/web", "two", f"Depends-On: acme/api#{one}")
    moved = await story.commit("acme/web", {"two.txt": "2\n"}, branch="two", by="bea")
    await story.until(lambda: gate(story, "acme/web", moved) == "in_progress")
    await story.settled()
    assert gate(story, "acme/api", alone) == ""


async def test_a_merge_that_nobody_heard_of_is_found(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    one, _ = await opened(story, "acme/api", "one", "")
    _, sha = await opened(story, "acme/web", "two", f"Depends-On: #99 acme/api#{one}")
    await story.until(lambda: gate(story, "acme/web", sha) == "action_required")
    await story.stop()
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{one}/merge", {}, who="bea")
    await story.start()
    await story.until(lambda: "has merged" in summary(story, sha))


def summary(story: Story, sha: str) -> str:
    rows = list(story.hub.sandbox.state.check_runs.values())
    return next(
        ((row.summary or "") for row in reversed(rows) if row.head_sha == sha and row.name == "lockstep/gate"), ""
    )


async def test_a_private_repository_the_author_cannot_read_is_not_told_of(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    await story.hub.do(lambda: story.hub.scenario.collaborator(story.repo("acme/api"), "bea", "none"))
    story.repo("acme/api").private = True
    one, _ = await opened(story, "acme/api", "one", "", by="ana")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{one}/merge", {}, who="ana")
    _, sha = await opened(story, "acme/web", "two", f"Depends-On: acme/api#{one}")
    await story.until(lambda: gate(story, "acme/web", sha) == "action_required")
    assert "has merged" not in summary(story, sha)


async def test_where_the_gate_is_required_everybody_has_one(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo("acme/api"), "lockstep/gate"))
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo("acme/web"), "lockstep/gate", ruleset=True))
    for repo in REPOS:
        number, sha = await opened(story, repo, "one", "Nothing.")
        await story.until(lambda repo=repo, sha=sha: gate(story, repo, sha) == "success")  # type: ignore[misc]
        moved = await story.commit(repo, {"one.txt": "2\n"}, branch="one", by="bea")
        await story.until(lambda repo=repo, moved=moved: gate(story, repo, moved) == "success")  # type: ignore[misc]
        await story.hub.ok("PUT", f"/repos/{repo}/pulls/{number}/merge", {}, who="bea")


async def test_a_required_gate_outlives_an_outage_and_a_crash(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    await story.begin(REPOS, roles=ROLES)
    for repo in REPOS:
        await story.hub.do(lambda repo=repo: story.hub.scenario.protect(story.repo(repo), "lockstep/gate"))
    await story.hub.fault("error", method="GET", path=r"/branches/main|/rules/branches/main", status=502, count=3)
    _, sha = await opened(story, "acme/api", "one", "Nothing.")
    await story.until(lambda: gate(story, "acme/api", sha) == "success")
    with monkeypatch.context() as cut:
        cut.setattr(Gatekeeper, "soon", lambda *_: None)  # it is killed once the event is settled
        _, sha = await opened(story, "acme/web", "one", "Nothing.")
        await story.settled()
        await story.stop()
    await story.start()
    await story.until(lambda: gate(story, "acme/web", sha) == "success")


async def test_each_need_that_has_to_be_put_right_is_said(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    issue = await story.issue("Something.", labels=())
    closed, _ = await opened(story, "acme/api", "one", "")
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{closed}", {"state": "closed"}, who="bea")
    needs = f"acme/api#{issue} acme/api#{closed} {OTHER}"
    number, sha = await opened(story, "acme/web", "two", f"Depends-On: {needs} #1")
    assert number == 1
    await story.until(lambda: gate(story, "acme/web", sha) == "action_required")
    assert summary(story, sha).splitlines() == [
        f"- `acme/api#{issue}` is an issue; name the pull request that closes it",
        f"- `acme/api#{closed}` was closed without merging; name another one, or remove it",
        f"- `{OTHER}` lies on another host; only pull requests of this GitHub can be waited for",
        "- `acme/web#1` is this pull request itself; remove it",
    ]
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{closed}", {"state": "open"}, who="bea")
    await story.until(lambda: f"`acme/api#{closed}` has not merged yet" in summary(story, sha))


async def test_a_gate_goes_with_what_people_do_to_their_pull_request(story: Story) -> None:
    """From a fork, force-pushed, turned to another base, closed and opened again."""
    await story.begin(REPOS, roles=ROLES)
    one, _ = await opened(story, "acme/api", "one", "")
    await story.hub.ok("POST", "/repos/acme/web/forks", {}, who="finn")
    await story.commit("finn/web", {"two.txt": "1\n"}, branch="two", by="finn")
    asked = {"title": "two", "head": "finn:two", "base": "main", "body": f"Depends-On: acme/api#{one}"}
    made = await story.hub.ok("POST", "/repos/acme/web/pulls", asked, who="finn")
    pull, sha = f"/repos/acme/web/pulls/{made['number']}", made["head"]["sha"]
    await story.until(lambda: gate(story, "acme/web", sha) == "in_progress")
    await story.commit("acme/web", {"other.txt": "1\n"}, branch="other")
    await story.hub.ok("PATCH", pull, {"base": "other"}, who="finn")
    await story.hub.ok("PATCH", pull, {"state": "closed"}, who="finn")
    await story.settled()
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{one}/merge", {}, who="bea")
    await story.settled()
    assert gate(story, "acme/web", sha) == "in_progress"  # nobody waits for what is closed
    await story.hub.ok("PATCH", pull, {"state": "open"}, who="finn")
    await story.until(lambda: gate(story, "acme/web", sha) == "success")
    fork = story.repo("finn/web")
    await story.hub.do(story.hub.sandbox.git.set_ref, fork.id, "refs/heads/two", await main_of(story, fork.id))
    forced = await story.commit("finn/web", {"two.txt": "2\n"}, branch="two", by="finn")
    await story.until(lambda: gate(story, "acme/web", forced) == "success")


async def main_of(story: Story, repo: int) -> str:
    return await story.hub.do(lambda: story.hub.sandbox.git.refs(repo)["refs/heads/main"])


async def test_a_persons_pull_request_is_explained_through_what_it_needs(story: Story) -> None:
    """Over two repositories and a plan; what is private is told where it lies alone."""
    repos = {"acme/api": FILES, "acme/web": FILES, "acme/secret": FILES}
    await story.begin(repos, roles={**ROLES, "eve": "read"})
    await story.run("- [ ] **lib** Make it (acme/api) · run: echo 1 > broken\n")
    await story.until("check `test` failed")
    ours = story.pulls("acme/api")[0].number
    one, _ = await opened(story, "acme/api", "one", f"Depends-On: #{ours}")
    await story.hub.do(setattr, story.repo("acme/secret"), "private", True)
    hidden, _ = await opened(story, "acme/secret", "three", "Secret.", by="ana")
    two, sha = await opened(story, "acme/web", "two", f"Depends-On: acme/api#{one} #99 acme/secret#{hidden}")
    await story.until(lambda: gate(story, "acme/web", sha) == "action_required")
    await story.settled()
    assert await story.ask("/lockstep explain", by="eve", on="acme/web", number=two) == "+1"
    assert await story.ask(f"/lockstep explain acme/secret#{hidden}", on="acme/web", number=two) == "confused"
    await story.until(lambda: "ask on the pull request itself" in story.comment_on("acme/web", two))
    said = story.comment_on("acme/web", two).partition("`/lockstep explain`\n\n")[2].partition("\n\n> ")[0]
    assert said == snapshot("""\
`acme/web#1` is open.

- needs `acme/api#4`, which has not merged yet:
  - needs `acme/api#3`, task `lib` of the plan in acme/api#1, which has not merged yet:
    - somebody has to decide: check `test` failed — whoever has the write permission on acme/api: `/lockstep retry lib`
- needs `acme/web#99`, which can't be seen: it is not there, Lockstep is not installed there, or its author can't read it — the author of what names it can correct the description
- needs `acme/secret#1`, which has not merged yet — `/lockstep explain` there says why\
""")
    assert await story.ask(f"/lockstep explain acme/web#{two}") == "+1"
    await story.until(lambda: f"needs `acme/api#{one}`" in story.plan_comment())
    assert await story.ask("/lockstep explain", by="bea", on="acme/secret", number=hidden) == "+1"
    await story.until(lambda: "nothing is missing, and it can be merged" in story.comment_on("acme/secret", hidden))
    await story.hub.do(story.hub.scenario.collaborator, story.repo("acme/web"), "eve", "none")
    await story.hub.do(setattr, story.repo("acme/web"), "private", True)
    story.bot.engine.forget("acme/web", "")
    told = [await refused(story, f"acme/{name}", by="eve") for name in (f"web#{two}", "web#99", "nowhere#4", "api#99")]
    assert told == [
        *["What lies in that repository is told only there; ask on the pull request itself."] * 3,
        NOT_THERE,
    ]
    assert await refused(story, "acme/web#99") == told[0], "whoever may read it is answered where all can"


NOT_THERE = "There is no pull request `acme/api#99` that I could see."


async def refused(story: Story, place: str, by: str = "ana") -> str:
    """What somebody is told on the plan's issue who asks about this place and gets no answer."""
    assert await story.ask(f"/lockstep explain {place}", by=by) == "confused"
    asked = f"> `{by}` `/lockstep explain {place}`\n\n"
    await story.until(asked)
    return story.plan_comment().rpartition(asked)[2].split("\n")[0]
