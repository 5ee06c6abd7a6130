"""The agent `actions`: a workflow of the repository's own does a task, and what it pushed is taken from git."""

from pathlib import Path

from services.core.names import LABEL_PLAN, result_branch
from services.sandbox.actions_records import WorkflowRun
from tests.kit.crash.killed import Blow, killed
from tests.kit.crash.stage import HOME
from tests.kit.pipe import Pipe
from tests.kit.story import FILES, Story

AGENT = """\
name: agent
run-name: ${{ inputs.lockstep }}
on:
  workflow_dispatch:
    inputs:
      lockstep: {required: true}
      task: {required: true}
      plan: {required: true}
      branch: {required: true}
      prompt: {required: true}
permissions:
  contents: write
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          WORK
          git add --all
          git diff --cached --quiet && exit 0
          git -c user.name=robot -c user.email=robot@example.com commit --quiet --message "Work on $TASK"
          git push --quiet origin "HEAD:refs/heads/$BRANCH"
        env:
          TASK: ${{ inputs.task }}
          BRANCH: ${{ inputs.branch }}
          PROMPT: ${{ inputs.prompt }}
"""
PLAN = "- [ ] **one** Write it · agent: actions · verify: test -e one.txt\n"


def home(work: str) -> dict[str, str]:
    workflow = AGENT.replace("WORK", work.replace("\n", "\n          "))
    return {**FILES, ".github/workflows/agent.yml": workflow, ".github/lockstep.yml": "workflow: agent.yml\n"}


def runs(story: Story) -> list[WorkflowRun]:
    return [run for run in story.hub.sandbox.state.runs.values() if run.event == "workflow_dispatch"]


def branches(story: Story) -> list[str]:
    repo = story.repo("acme/api")
    return [ref for ref in story.hub.sandbox.git.refs(repo.id) if ref.startswith("refs/heads/lockstep")]


async def test_a_workflow_does_a_task_beside_a_script_and_the_bot_commits_what_it_left(story: Story) -> None:
    await story.begin({"acme/api": home('printf "%s" "$PROMPT" > one.txt')})
    await story.run(f"{PLAN}- [ ] **two** Say it · needs: one · run: test -e one.txt && echo 2 > two.txt\n")
    await story.until("**Done.**")
    (run,) = runs(story)
    assert run.title.startswith("lockstep-")
    assert (run.inputs["task"], run.inputs["plan"]) == ("one", f"acme/api#{story.number}")
    assert run.inputs["branch"] == result_branch(f"acme/api-{story.number}-r1", "one", 1)
    first = story.pulls()[0]
    assert first.pull is not None
    commit = story.hub.sandbox.git.commit(story.repo("acme/api").id, first.pull.head_sha)
    assert commit is not None
    assert (commit.author.name, commit.parents) == ("lockstep[bot]", [run.head_sha])
    assert "Write it" in str(run.inputs["prompt"])
    await story.until(lambda: not branches(story))


WRONG = """\
case "$TASK" in
  astray) BRANCH=lockstep-results/mine; echo 1 > one.txt ;;
  fails) echo "nobody knows how"; exit 3 ;;
  late) WAIT ;;
esac"""


async def test_what_comes_to_nothing_is_said_and_what_is_late_or_not_wanted_is_ended(story: Story, pipe: Pipe) -> None:
    files = {
        **home(WRONG.replace("WAIT", pipe.wait)),
        ".github/lockstep.yml": "workflow: agent.yml\nrecovery:\n  most: 0\n",
    }
    await story.begin({"acme/api": files})
    await story.run(
        "- [ ] **astray** Do it · agent: actions\n"
        "- [ ] **fails** Do it · agent: actions\n"
        "- [ ] **other** Do it · agent: actions · workflow: ci.yml\n"
        "- [ ] **late** Do it · agent: actions · timeout: 0.03\n"
    )
    await story.until(
        "The workflow has ended well and left no branch lockstep-results/",
        "The workflow agent.yml ended with failure",
        "`ci.yml` can't be started in GitHub Actions: Workflow does not have 'workflow\\_dispatch' trigger",
    )
    await story.until("GitHub Actions was not done in the task's 2 s.")
    assert not story.pulls()
    await story.until(lambda: all(run.status == "completed" for run in runs(story)))


async def test_after_a_lost_webhook_and_a_restart_it_goes_on(story: Story, pipe: Pipe) -> None:
    await story.begin({"acme/api": home(f'[ "$TASK" = two ] && sleep 60; {pipe.wait}; echo 1 > one.txt')})
    await story.run(f"{PLAN}- [ ] **two** Write it · agent: actions\n")
    await story.until(lambda: len(runs(story)) == 2)
    assert await story.ask("/lockstep cancel two") == "+1"
    await story.until(lambda: {run.conclusion for run in runs(story)} == {None, "cancelled"})
    await story.until("`agent.yml` works on it in GitHub Actions, run ")
    await pipe.reached()
    await story.stop()
    pipe.let_one_pass()
    await story.until(lambda: {run.conclusion for run in runs(story)} == {"success", "cancelled"})
    await story.start()
    await story.until(lambda: any(issue.pull is not None and issue.pull.merged for issue in story.pulls()))
    assert len(runs(story)) == 2


async def test_killed_while_it_is_started_it_is_started_once(tmp_path: Path) -> None:
    """After GitHub has started it, and before the bot has heard so."""
    async with killed(tmp_path, Blow("dispatch", "after")) as it:
        stage, hub = it.stage, it.stage.hub
        files = home("echo 1 > one.txt")
        await hub.do(lambda: hub.scenario.commit(stage.repo(HOME), files, "A workflow", login="ana"))
        await it.begin()
        await it.write(PLAN, LABEL_PLAN)
        await it.shows("Waits for approval")
        await stage.say(1, "/lockstep approve\n/lockstep run")
        await it.comes_back()
        await it.shows("**Done.**")
        dispatched = [run for run in hub.sandbox.state.runs.values() if run.event == "workflow_dispatch"]
    assert len(dispatched) == 1
    assert it.seen["dispatch after"] == 1
