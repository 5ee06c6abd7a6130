"""Plans kept in files of the default branch: read for the issue that names them, judged on every push."""

from tests.kit.story import FILES, NOWHERE, Story

PLAN = "title: From a file\ntasks:\n  - {id: one, title: Write, run: echo 1 > one.txt}\n"
FILE = ".github/plans/one.yaml"


async def test_a_plan_in_a_file_is_approved_and_carried_out(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, FILE: PLAN}})
    await story.issue(f"What we do next.\n\nPlan: `{FILE}`")
    await story.until("### Plan: From a file", "Waits for approval")
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    await story.until("**Done.**")
    assert await story.file("acme/api", "one.txt") == "1\n"


async def test_an_edit_of_the_file_needs_another_approval(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, FILE: PLAN}})
    await story.issue(f"Plan: {FILE}")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.commit("acme/api", {FILE: PLAN.replace("Write", "Write more")})
    await story.until("Write more", "Waits for approval again")
    assert await story.ask("/lockstep run") == "confused"


async def test_a_file_that_is_not_there_or_wrong_is_said_with_its_line(story: Story) -> None:
    await story.begin()
    await story.issue(f"Plan: {FILE}")
    await story.until("There is no file", FILE)
    sha = await story.commit("acme/api", {FILE: PLAN.replace("title: Write", "titel: Write")})
    await story.until("**Line 3:**", f"Edit `{FILE}` and I look again")
    await story.until(lambda: story.checks("acme/api", sha).get("lockstep/plan") == "failure")
    (run,) = [row for row in story.hub.sandbox.state.check_runs.values() if row.name == "lockstep/plan"]
    assert (run.annotations[0]["path"], run.annotations[0]["start_line"]) == (FILE, 3)
    mended = await story.commit("acme/api", {FILE: PLAN})
    await story.until("Waits for approval", lambda: story.checks("acme/api", mended).get("lockstep/plan") == "success")


async def test_an_issue_with_a_file_and_tasks_is_two_plans(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, FILE: PLAN}})
    await story.issue(f"Plan: {FILE}\n\n- [ ] **two** Another\n")
    await story.until("keep one of the two")


async def test_a_pull_request_that_changes_a_plan_is_judged_on_its_head(story: Story) -> None:
    await story.begin({"acme/api": FILES}, roles={"ana": "maintain", "wim": "write"})
    await story.issue("Words.", labels=())
    twins = PLAN.replace("]", "") + "  - {id: two, title: More, run: echo 2 > one.txt, group: lone}\n"
    broken = PLAN.replace("title: Write", "titel: Write")
    files: dict[str, str | None] = {
        FILE: broken,
        ".github/plans/b.yaml": twins,
        ".github/lockstep.yml": "merg: squash\n",
    }
    head = await story.commit("acme/api", files, branch="plans", by="wim")
    asked = {"title": "Plans", "head": "plans", "base": "main"}
    await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="wim")
    both = {"lockstep/plan": "failure", "lockstep/config": "failure"}
    await story.until(lambda: both.items() <= story.checks("acme/api", head).items())
    rows = list(story.hub.sandbox.state.check_runs.values())
    (run,) = [row for row in rows if row.name == "lockstep/plan"]
    assert [(each["path"], each["start_line"], each["annotation_level"]) for each in run.annotations] == [
        (FILE, 3, "failure"), (FILE, 3, "failure"), (".github/plans/b.yaml", 4, "warning"),
    ]  # fmt: skip
    # A later push that touches neither has the same files to judge, and one that mends them is green.
    again = await story.commit("acme/api", {"other.txt": "x\n"}, branch="plans", by="wim")
    await story.until(lambda: story.checks("acme/api", again).get("lockstep/plan") == "failure")
    mended = await story.commit("acme/api", {FILE: PLAN, ".github/lockstep.yml": None}, branch="plans", by="wim")
    await story.until(lambda: story.checks("acme/api", mended).get("lockstep/plan") == "success")
    await story.settled()
    assert "lockstep/config" not in story.checks("acme/api", mended)


async def test_a_push_that_nobody_told_of_is_found_by_the_sweep(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, FILE: PLAN}})
    await story.issue(f"Plan: {FILE}")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.until("**Approved**")
    await story.hears(NOWHERE)
    await story.commit("acme/api", {FILE: PLAN.replace("Write", "Write more")})
    await story.settled()
    assert "**Approved**" in story.plan_comment()
    await story.bot.engine.take_up(None)
    await story.until("Write more", "Waits for approval again")
