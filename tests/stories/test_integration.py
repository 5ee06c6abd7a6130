"""A repository's own workflow tries a pull request with the other heads of its run, on plain GitHub Actions."""

import json
import shutil
from pathlib import Path

from services.sandbox.actions_records import WorkflowRun
from tests.kit.story import FILES, Story

TOGETHER = """\
name: together
run-name: ${{ inputs.lockstep }}
on:
  workflow_dispatch:
    inputs:
      lockstep: {required: true}
      head: {required: true}
      pull: {required: true}
      siblings: {required: true}
jobs:
  together:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: test ! -e apart
"""
HOME = {
    **FILES,
    ".github/workflows/together.yml": TOGETHER,
    ".github/lockstep.yml": "integration: together.yml\n",
}
LISTENING = """\
name: together
run-name: ${{ github.event.client_payload.lockstep }}
on:
  repository_dispatch:
    types: [lockstep-integration]
jobs:
  together:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: ${{ github.event.client_payload.head }}
      - env:
          SIBLINGS: ${{ github.event.client_payload.siblings }}
        run: test -e one.txt && echo "$SIBLINGS" | grep -q acme/web
"""
PLAN = "- [ ] **one** Write it · run: echo 1 > one.txt\n"


def tries(story: Story) -> list[WorkflowRun]:
    return [run for run in story.hub.sandbox.state.runs.values() if run.event == "workflow_dispatch"]


def check(story: Story) -> str:
    pull = story.pulls()[0].pull
    return story.checks("acme/api", pull.head_sha).get("lockstep/integration", "") if pull is not None else ""


def of_docs(story: Story) -> str:
    """The workflow as the guide has it, where GitHub is the one on this machine."""
    page = (Path(__file__).parents[2] / "docs/how-to/integration.md").read_text("utf-8")
    text = page.split("```yaml\n")[2].partition("```")[0]
    for was, here in (("https://x-access-token:${GH_TOKEN}@github.com", story.hub.url), ("./test", "sh test")):
        assert was in text
        text = text.replace(was, here)
    return text


async def test_what_works_together_is_merged_and_its_check_says_so(story: Story) -> None:
    files = {"test-together.sh": "test -e one.txt && test -e ../acme/web/web.txt\n"}
    if shutil.which("jq"):  # GitHub's machines have it
        files[".github/workflows/together.yml"] = of_docs(story)
    await story.begin({"acme/api": {**HOME, **files}, "acme/web": FILES})
    web = "- [ ] **web** Show it (acme/web) · group: g · run: echo 1 > web.txt\n"
    await story.run(f"{PLAN.replace(' · ', ' · group: g · ', 1)}{web}")
    await story.until("**Done.**", lambda: check(story) == "success")
    run = tries(story)[-1]
    assert run.title.startswith("lockstep-")
    assert run.inputs["pull"] == str(story.pulls()[0].number)
    head = next(issue.pull.head_sha for issue in story.pulls("acme/web") if issue.pull is not None)
    assert json.loads(str(run.inputs["siblings"])) == [{"repository": "acme/web", "sha": head}]


async def test_what_does_not_waits_for_a_person_and_goes_on_once_it_does(story: Story) -> None:
    await story.begin({"acme/api": {**HOME, "apart": ""}})
    await story.run(PLAN)
    said = "does not work with what belongs to it: `together.yml` ended with `failure`"
    await story.until(said, lambda: check(story) == "failure")
    await story.commit("acme/api", {"apart": None})
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("**Done.**")


async def test_after_a_lost_answer_it_is_started_once(story: Story) -> None:
    await story.begin({"acme/api": HOME})
    await story.hub.fault("late_drop", method="POST", path=r"/dispatches$", count=1)
    await story.run(PLAN)
    await story.until("**Done.**")
    assert len(tries(story)) == 1


async def test_a_workflow_that_can_not_be_started_is_said(story: Story) -> None:
    await story.begin({"acme/api": {**HOME, ".github/lockstep.yml": "integration: ci.yml\n"}})
    await story.run(PLAN)
    await story.until("what belongs to it can't be started: ")
    assert not story.merges


async def test_a_repository_that_listens_for_repository_dispatch(story: Story) -> None:
    settings = "integration: together.yml\nintegration_event: repository_dispatch\n"
    files = {**FILES, ".github/workflows/together.yml": LISTENING, ".github/lockstep.yml": settings}
    await story.begin({"acme/api": files, "acme/web": FILES})
    await story.hub.fault("late_drop", method="POST", path=r"/repos/acme/api/dispatches$", count=1)
    web = "- [ ] **web** Show it (acme/web) · group: g · run: echo 1 > web.txt\n"
    await story.run(f"{PLAN.replace(' · ', ' · group: g · ', 1)}{web}")
    await story.until("**Done.**", lambda: check(story) == "success")
    assert [run.event for run in story.hub.sandbox.state.runs.values()].count("repository_dispatch") == 1
