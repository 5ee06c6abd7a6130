"""What a repository, or its owner for all of them, asks for in `.github/lockstep.yml`."""

from services.sandbox.state import CheckRun
from tests.kit.story import FILES, Story

PLAN = "- [ ] **one** Write a file · run: echo 1 > one.txt\n"
PATH = ".github/lockstep.yml"
PEOPLE = {"ana": "maintain", "bea": "maintain", "cem": "maintain"}


async def said_of_settings(story: Story, sha: str) -> CheckRun:
    def found() -> list[CheckRun]:
        runs = story.hub.sandbox.state.check_runs.values()
        return [run for run in runs if (run.head_sha, run.name) == (sha, "lockstep/config")]

    await story.until(lambda: found() and found()[0].conclusion)
    (check,) = found()
    return check


async def test_two_people_approve_where_two_are_asked_for(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, PATH: "approvals:\n  required: 2\n"}}, roles=PEOPLE)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.until("**Waits for more approvals:**", "approved by `ana` so far", "1 of 2 approvals of")
    assert await story.ask("/lockstep run") == "confused"
    assert await story.ask("/lockstep approve") == "+1"  # the same person once more is no second one
    assert "**Waits for more approvals:**" in story.plan_comment()
    await story.edit(f"{PLAN}- [ ] **two** Write another · run: echo 2 > two.txt\n")
    await story.until("2 tasks", "**Waits for approval:**")  # nobody has approved this text
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    assert await story.ask("/lockstep approve", by="cem") == "+1"
    await story.until("**Approved** by `cem`")
    assert await story.ask("/lockstep run") == "+1"
    await story.until("**Done.**")


async def test_an_approval_that_was_enough_is_not_once_more_are_asked_for(story: Story) -> None:
    await story.begin(roles=PEOPLE)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.commit("acme/api", {PATH: "approvals:\n  required: 2\n"})
    assert await story.ask("/lockstep run") == "confused"
    await story.until("The plan has 1 of 2 approvals.")


async def test_the_author_and_strangers_do_not_approve_where_others_are_named(story: Story) -> None:
    settings = "approvals:\n  self: false\n  users: [ana, bea]\n"
    await story.begin({"acme/api": {**FILES, PATH: settings}}, roles=PEOPLE)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("This repository asks for an approval by somebody other than the plan's author.")
    assert await story.ask("/lockstep approve", by="cem") == "confused"
    await story.until("name the people who approve plans, and you are none of them")
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("**Approved** by `bea`")


async def test_the_owners_defaults_count_where_a_repository_says_nothing(story: Story) -> None:
    defaults = "approvals:\n  required: 2\n  self: false\n"
    await story.begin({"acme/api": FILES, "acme/.github": {PATH: defaults}}, roles=PEOPLE)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("somebody other than the plan's author")
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("1 of 2 approvals of")
    await story.commit("acme/api", {PATH: "approvals:\n  required: 1\n"})
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("**Approved** by `bea`")


async def test_an_error_in_the_settings_is_shown_at_its_line(story: Story) -> None:
    await story.begin(roles=PEOPLE)
    sha = await story.commit("acme/api", {PATH: "merge: squash\ncheks: none\n"})
    check = await said_of_settings(story, sha)
    assert (check.conclusion, check.title) == ("failure", "1 error in .github/lockstep.yml")
    (note,) = check.annotations
    assert (note["path"], note["start_line"]) == (PATH, 2)
    assert "Did you mean `checks`?" in str(note["message"])
    sha = await story.commit("acme/api", {PATH: "merge: squash\nchecks: none\n"})
    check = await said_of_settings(story, sha)
    assert (check.conclusion, check.annotations) == ("success", [])
    sha = await story.commit("acme/api", {PATH: "aliases:\n  ok: approve\n  lgtm: aprove\n"})
    check = await said_of_settings(story, sha)
    (note,) = check.annotations
    assert (check.conclusion, note["annotation_level"], note["start_line"]) == ("success", "warning", 3)
    assert note["message"] == "`lgtm` stands for `aprove`, which is no command. Did you mean `approve`?"


async def test_other_pushes_and_other_branches_get_no_check_of_the_settings(story: Story) -> None:
    await story.begin(roles=PEOPLE)
    shas = [
        await story.commit("acme/api", {"other.txt": "1"}),
        await story.commit("acme/api", {PATH: "cheks: none\n"}, branch="feature"),
    ]
    await story.settled()
    found = [check for check in story.hub.sandbox.state.check_runs.values() if check.name == "lockstep/config"]
    assert not found, shas


async def test_nobody_approves_past_settings_that_cannot_be_read(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, PATH: "merge: squash\naproovals:\n  required: 2\n"}}, roles=PEOPLE)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until(".github/lockstep.yml: Line 2:", "Did you mean `approvals`?")


async def test_nothing_is_merged_while_it_is_frozen(story: Story) -> None:
    freeze = "freeze:\n  - from: 2000-01-01T00:00:00Z\n    until: 2100-01-01T00:00:00Z\n    why: '@all holidays'\n"
    await story.begin({"acme/api": {**FILES, PATH: freeze}})
    await story.run(PLAN)
    await story.until("nothing is merged before 2100-01-01 00:00 UTC")
    await story.settled()
    assert not story.merges
    assert await story.ask("/lockstep merge one") == "confused"
    await story.until("Not merged.")
    await story.commit("acme/api", {PATH: f"{freeze}merg: squash\n"})  # a mistake elsewhere lifts no freeze
    assert await story.ask("/lockstep refresh") == "+1"
    await story.settled()
    assert not story.merges
    await story.commit("acme/api", {PATH: "merge: squash\n"})
    await story.until("**Done.**")


async def test_members_of_a_team_approve(story: Story) -> None:
    settings = "approvals:\n  teams: [acme/leads]\n  users: [cem]\n"
    await story.begin({"acme/api": {**FILES, PATH: settings}}, roles=PEOPLE)
    await story.hub.do(lambda: story.hub.scenario.team("acme", "leads", "bea"))
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("name the people who approve plans, and you are none of them")
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("**Approved** by `bea`")
    assert await story.ask("/lockstep unapprove", by="bea") == "+1"
    await story.hub.do(lambda: story.hub.scenario.team("acme", "leads", "ana"))
    assert await story.ask("/lockstep approve", by="bea") == "confused"  # asked anew, not remembered
    assert await story.ask("/lockstep approve", by="cem") == "+1"
    await story.until("**Approved** by `cem`")


async def test_a_team_that_can_not_be_read_is_said(story: Story) -> None:
    settings = "approvals:\n  teams: [acme/leads]\n"
    await story.begin({"acme/api": {**FILES, PATH: settings}}, roles=PEOPLE)
    await story.hub.do(lambda: story.hub.scenario.team("acme", "leads", "ana"))
    for installation in story.hub.sandbox.state.installations.values():
        installation.permissions.pop("members")
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("the App lacks the permission `members: read` on `acme`")
    await story.commit("acme/api", {PATH: settings.replace("acme/", "other/")})
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("`other/leads` is not a team of `acme`; correct `approvals.teams`.")
