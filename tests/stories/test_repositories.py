"""What an owner keeps in `repositories.yaml`: judged on each push, and what plans take from it."""

from services.sandbox.state import CheckRun
from tests.kit.story import FILES, Story

PATH = "repositories.yaml"
SET = """\
repositories:
  schema:
  api: {automation: {depends_on: [schema]}}
inherit: true
"""
HOME = {"README.md": "# Of all\n"}
REPOS = {"acme/api": FILES, "acme/schema": FILES, "acme/.github": HOME}
PLAN = "- [ ] **a** Use it · run: echo 1 > a.txt\n- [ ] **s** Define it (acme/schema) · run: echo 1 > s.txt\n"


async def said_of(story: Story, sha: str) -> CheckRun:
    def found() -> list[CheckRun]:
        runs = story.hub.sandbox.state.check_runs.values()
        return [run for run in runs if (run.head_sha, run.name) == (sha, "lockstep/config")]

    await story.until(lambda: found() and found()[0].conclusion)
    (check,) = found()
    return check


async def test_errors_are_shown_at_their_lines(story: Story) -> None:
    await story.begin(REPOS)
    text = "repositories:\n  schema:\n  api: {automation: {depends_on: [shema]}}\n"
    check = await said_of(story, await story.commit("acme/.github", {PATH: text}))
    assert (check.conclusion, check.title) == ("failure", "1 error in repositories.yaml")
    (note,) = check.annotations
    assert (note["path"], note["start_line"]) == (PATH, 3)
    assert "Did you mean `schema`?" in str(note["message"])
    text = "repositories:\n  schema:\n  api: {automation: {depends_on: [schema], auto_deploy: true}}\n"
    check = await said_of(story, await story.commit("acme/.github", {PATH: text}))
    assert (check.conclusion, check.annotations) == ("success", [])


async def test_a_file_of_that_name_elsewhere_is_none_of_ours(story: Story) -> None:
    await story.begin(REPOS)
    await story.commit("acme/api", {PATH: "repositories: [\n"})
    await story.settled()
    assert [check for check in story.hub.sandbox.state.check_runs.values() if check.name == "lockstep/config"] == []


async def test_a_plan_takes_the_order_of_repositories_and_what_is_approved_is_that(story: Story) -> None:
    await story.begin({**REPOS, "acme/.github": {PATH: SET}})
    await story.issue(PLAN)
    await story.until("Waits for approval", "for tasks that state no needs: `a` needs `s`")
    assert await story.ask("/lockstep approve") == "+1"
    await story.commit("acme/.github", {PATH: "repositories: {}\n"})
    await story.settled()
    await story.stop_clock()  # nobody reads an edit and answers it within its second
    assert await story.ask("/lockstep run") == "confused"  # without the order it is another plan
    assert await story.ask("/lockstep approve") == "confused"
    await story.commit("acme/.github", {PATH: SET})
    await story.settled()
    await story.turn_clock(seconds=60)
    await story.ask("/lockstep refresh")
    await story.turn_clock(seconds=60)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    await story.until("**Done.**")
    merged = [story.pulls(repo)[0].pull for repo in ("acme/schema", "acme/api")]
    first, then = [pull.merged_at for pull in merged if pull is not None]
    assert first is not None
    assert then is not None
    assert first <= then


async def test_nothing_is_done_in_a_repository_that_is_closed(story: Story) -> None:
    closed = "repositories:\n  schema: {automation: {enabled: false}}\n"
    await story.begin({**REPOS, "acme/.github": {PATH: closed}})
    await story.issue(PLAN)
    await story.until("`acme/schema` is closed to Lockstep")
    assert await story.ask("/lockstep approve") == "confused"
    await story.commit("acme/.github", {PATH: "repositories:\n  schema:\n"})
    await story.settled()
    await story.edit(f"{PLAN}\nAgain.\n")
    await story.until("Waits for approval")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve") == "+1", story.plan_comment()


async def test_a_plan_over_all_repositories_means_the_primary_one_where_it_names_none(story: Story) -> None:
    text = "repositories:\n  - {name: schema}\n  - {name: api, primary: true}\n"
    await story.begin({"acme/.github": {PATH: text}, "acme/api": FILES, "acme/schema": FILES})
    await story.issue("- [ ] **one** Do it · run: echo 1 > a.txt\n- [ ] **two** Define it (acme/schema) · run: true\n")
    await story.until("| `one` | Do it (acme/api)", "| `two` | Define it (acme/schema)")
    file = "tasks:\n- {id: a, title: A, repo: acme/api, group: g}\n- {id: b, title: B, needs: [a], group: g}\n"
    sha = await story.commit("acme/.github", {".github/plans/one.yaml": file})
    await story.until(lambda: "lockstep/plan" in story.checks("acme/.github", sha))
    (run,) = [row for row in story.hub.sandbox.state.check_runs.values() if row.name == "lockstep/plan"]
    assert "needs `a` in the same group and repository" in str(run.annotations)
    await story.hub.do(setattr, story.repo("acme/api"), "private", True)
    story.bot.engine.forget("acme/api", "")
    story.bot.engine.forget("", "installed")
    await story.edit("- [ ] **one** Do it now · run: echo 1 > a.txt\n")
    await story.until(
        "| `one` | Do it now (acme/.github)"
    )  # in a public place nothing names a private one that nobody named


async def test_a_draft_over_all_repositories_means_the_primary_one_where_it_names_none(story: Story) -> None:
    text = "repositories:\n  - {name: api, primary: true}\n"
    await story.begin({"acme/.github": {PATH: text}, "acme/api": FILES}, model="test")
    await story.issue("We should greet people.", labels=[])
    assert await story.ask("/lockstep replan") == "+1"
    await story.until("Waits for approval", "(acme/api)")


async def test_a_broken_set_is_not_passed_over(story: Story) -> None:
    await story.begin({**REPOS, "acme/.github": {PATH: "inherit: true\nrepos:\n"}})
    await story.issue(PLAN)
    await story.until("`repositories.yaml` can't be read", "`lockstep/config`")
    assert await story.ask("/lockstep approve") == "confused"


async def test_a_plan_that_a_person_writes_gets_follow_ups_and_names_no_private_place(story: Story) -> None:
    text = "follow_up: true\nrepositories:\n  - {name: api, automation: {triggers: [docs, secret]}}\n"
    text += "  - {name: docs}\n  - {name: secret}\n"
    repos = {"acme/api": FILES, "acme/docs": FILES, "acme/secret": FILES, "acme/.github": {"repositories.yaml": text}}
    await story.begin(repos)
    await story.hub.do(setattr, story.repo("acme/secret"), "private", True)
    await story.run("- [ ] **one** Write it · run: echo 1 > one.txt\n")
    said = await story.until(
        "`docs` (acme/docs) after `one`", "whose text says `Closes #", lambda: len(story.merges) == 1
    )
    assert "secret" not in said
    assert [issue.title for issue in story.issues("acme/docs")] == ["Follow up: Write it"]


DEPLOY = """\
name: deploy
run-name: ${{ github.event.client_payload.lockstep }}
on:
  repository_dispatch:
    types: [lockstep-deploy]
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.client_payload.sha }} of ${{ github.event.client_payload.pull }}"
"""


async def test_what_merges_is_told_to_whoever_deploys_once_also_after_a_lost_answer(story: Story) -> None:
    text = "repositories:\n  api: {automation: {auto_deploy: true}}\n"
    files = {**FILES, ".github/workflows/deploy.yml": DEPLOY}
    await story.begin({"acme/api": files, "acme/.github": {PATH: text}})
    await story.hub.fault("late_drop", method="POST", path=r"/repos/acme/api/dispatches$", count=1)
    await story.run("- [ ] **one** Write it · run: echo 1 > one.txt\n")
    await story.until("**Done.**", "What merges in `acme/api` is deployed, because")
    await story.settled()
    (run,) = [run for run in story.hub.sandbox.state.runs.values() if run.event == "repository_dispatch"]
    assert (run.conclusion, run.title[:9]) == ("success", "lockstep-")
