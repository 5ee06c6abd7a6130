"""What scripts do wrong, what is said about it, and how people go on."""

import re
from pathlib import Path

from inline_snapshot import snapshot

from tests.kit.story import FILES, Story


def row(story: Story, task: str) -> str:
    """The task's line in the plan comment: its state and why, and its pull request."""
    line = next(line for line in story.plan_comment().splitlines() if line.startswith(f"| `{task}`"))
    return " | ".join(line.split(" | ")[2:4])


async def page(story: Story) -> str:
    async with story.hub.session.get(f"{story.bot.url}/plans/{story.home}/{story.number}") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_a_script_that_fails_says_why_and_can_be_tried_again(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Copy a file · run: echo LOOKING FOR IT | tr A-Z a-z; cp missing.txt copy.txt\n")
    said = await story.until("**Stopped:", "failed")
    assert "`/lockstep retry failed` starts the failed tasks again" in said
    assert row(story, "one") == snapshot(
        "❌ failed: The script ended with exit code 1\\: cp\\: cannot stat 'missing.txt'\\: No such file or directory | acme/api#2 (issue)"
    )
    assert said.partition("**What came to nothing**")[2].partition("| Task")[0] == snapshot("""\


- `one`, attempt 1 (`configuration`: a build, workflow or tool is set up wrongly: a file can't be read, an option or path is unknown)
  - log line 2: `cp: cannot stat 'missing.txt': No such file or directory`
  - change what it asks for, then `/lockstep retry one`; or `/lockstep assign one @login`, or `/lockstep skip one`

**Critical path:** `one` (1 of 1 open tasks), 30 min if every task took all the time it has; nothing like them has finished yet.


""")
    assert "looking for it" in await page(story)
    await story.settled()
    assert not story.pulls()
    assert [issue.labels for issue in story.issues()[1:]] == [["lockstep:failed"]]

    await story.commit("acme/api", {"missing.txt": "here now\n"})
    assert await story.ask("/lockstep retry") == "+1"
    await story.until("**Done.**", "Trying again: `one`.")
    await story.settled()
    assert await story.file("acme/api", "copy.txt") == "here now\n"
    assert [issue.labels for issue in story.issues()[1:]] == [["lockstep:done"]]


async def test_nothing_is_retried_when_nothing_failed(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("**Done.**")
    assert await story.ask("/lockstep retry") == "+1"
    await story.until("Nothing to retry: no task has failed.")
    assert await story.ask("/lockstep retry nowhere") == "confused"
    await story.until("`nowhere` is no task of this plan; name a task id, `owner/repo`, `failed` or `all`.")


async def test_a_script_that_hangs_is_stopped(story: Story) -> None:
    """A timeout is written in minutes, and a fraction of one is allowed: 0.01 is the least there is, a second."""
    await story.begin()
    plan = "```yaml\ntasks:\n  - {id: one, title: Wait, timeout: 0.01, run: 'echo still here; sleep 600'}\n```\n"
    await story.run(plan)
    await story.until("**Stopped:")
    assert re.sub(r"after [\d.]+ s", "after N s", row(story, "one")) == snapshot(
        "❌ failed: The script was stopped after N s. | acme/api#2 (issue)"
    )
    assert not story.pulls()


async def test_a_script_that_changes_nothing(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Look around · run: cat README.md\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot("❌ failed: The agent changed nothing. | acme/api#2 (issue)")
    assert not story.pulls()


async def test_a_task_of_an_agent_nobody_knows(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Think about it · agent: oracle\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot(
        "❌ failed: There is no agent `oracle`; this Lockstep knows: actions, aider, claude, coder, codex, copilot, gemini, opencode, script. | acme/api#2 (issue)"
    )


async def test_a_script_that_changes_what_its_task_does_not_cover(story: Story) -> None:
    await story.begin()
    await story.run(
        "- [ ] **one** Write the docs · paths: docs/** · run: mkdir docs; echo 1 > docs/a.md; echo 1 > b.md\n"
    )
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot("🙋 needs a person: The task's paths do not cover b.md. | acme/api#2 (issue)")
    assert not story.pulls()


async def test_a_task_for_a_person_waits_for_their_pull_request(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Write · agent: human\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot(
        "🙋 needs a person: a pull request in acme/api whose text says `Closes #2` takes it; `/lockstep skip one` says that it is done elsewhere | acme/api#2 (issue)"
    )
    await story.settled()
    assert [issue.labels for issue in story.issues()[1:]] == [["lockstep:needs-human"]]
    assert await story.ask("/lockstep retry\n/lockstep explain one") == "+1"
    said = await story.until("Nothing to retry: no task has failed.", "`/lockstep explain one`")
    assert said.partition("🙋 `one` (acme/api) needs a person.\n\n")[2].partition("\n\n")[0] == snapshot(
        "- a pull request in acme/api whose text says `Closes #2` takes it; `/lockstep skip one` says that it is done elsewhere — whoever has the write permission on acme/api"
    )


async def test_a_protected_path_goes_to_a_person(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Free CI · run: echo 'on push' > .github/workflows/ci.yml\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot(
        "🙋 needs a person: A person has to look at .github/workflows/ci.yml\\: it steers what GitHub runs and who reviews. | acme/api#2 (issue)"
    )
    await story.settled()
    assert not story.pulls()
    assert [issue.labels for issue in story.issues()[1:]] == [["lockstep:needs-human"]]


async def test_verify_has_to_succeed_before_there_is_a_pull_request(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt · verify: grep 2 one.txt\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot("❌ failed: The verification ended with exit code 1 | acme/api#2 (issue)")
    assert not story.pulls()


async def test_a_failed_check_fails_the_task_until_it_turns_green(story: Story, tmp_path: Path) -> None:
    """The check asks for something outside of the repository, as flaky tests do."""
    wanted = tmp_path / "service-is-up"
    await story.begin({"acme/api": {**FILES, "test.sh": f"test -e '{wanted}'\n"}})
    await story.run(
        "- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"
    )
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot("🙋 needs a person: check `test` failed | acme/api#4")
    await story.settled()
    assert not story.merges

    wanted.touch()
    (run,) = (run for run in story.hub.sandbox.state.runs.values() if run.conclusion == "failure")
    await story.hub.ok("POST", f"/repos/acme/api/actions/runs/{run.id}/rerun-failed-jobs", who="ana")
    await story.until("**Done.** 2 of 2 tasks done")


async def test_retry_repairs_a_pull_request_whose_check_failed(story: Story) -> None:
    """A new attempt on the default branch as it is now, in the same pull request."""
    await story.begin({"acme/api": {**FILES, "test.sh": 'test "$(cat one.txt)" = 2\n', "source.txt": "1\n"}})
    await story.run("- [ ] **one** Copy · run: cp source.txt one.txt\n")
    await story.until("**Stopped:", "needs a person: check `test` failed")
    await story.commit("acme/api", {"source.txt": "2\n"})
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("**Done.**")
    await story.settled()
    assert len(story.pulls()) == 1
    assert await story.file("acme/api", "one.txt") == "2\n"


async def test_a_repository_without_workflows_needs_a_person_or_a_setting(story: Story) -> None:
    await story.begin({"acme/api": {"README.md": "# No checks here\n"}})
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot(
        "🙋 needs a person: no checks will come: the repository has no workflows. Add one, or set `checks: none` in .github/lockstep.yml | acme/api#3"
    )
    await story.settled()
    assert not story.merges
    await story.commit("acme/api", {".github/lockstep.yml": "checks: none\n"})
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("**Done.**")


async def test_a_repository_without_workflows_that_says_so_itself(story: Story) -> None:
    await story.begin({"acme/api": {"README.md": "# No checks here\n", ".github/lockstep.yml": "checks: none\n"}})
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("**Done.**")


async def test_checks_none_does_not_skip_checks_that_exist(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, ".github/lockstep.yml": "checks: none\n"}})
    await story.run("- [ ] **one** Break it · run: touch broken\n")
    await story.until("needs a person: check `test` failed")
    await story.settled()
    assert not story.merges


async def test_checks_that_never_begin_are_told_of(story: Story) -> None:
    path = ".github/workflows/ci.yml"
    by_hand = {path: FILES[path].replace("pull_request", "workflow_dispatch")}
    await story.begin({"acme/api": FILES | by_hand}, sweep_seconds=0.3)
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("waits for its checks to start")
    await story.until(
        "no check has begun on it, and none may come by itself. Close it and open it again, or push to it;"
    )
    await story.commit("acme/api", {".github/lockstep.yml": "checks: none\n"})
    await story.until("**Done.**")


async def test_a_repository_without_issues_is_told_of(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"])
    await story.hub.do(lambda: setattr(story.repo("acme/web"), "has_issues", False))
    await story.run("- [ ] **one** Write (acme/web) · run: echo 1 > one.txt\n")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot(
        "❌ failed: its tracking issue could not be made: GitHub answered 422\\: Issues are disabled for this repo | "
    )
    await story.hub.do(lambda: setattr(story.repo("acme/web"), "has_issues", True))
    assert await story.ask("/lockstep retry") == "+1"
    await story.until("**Done.**")


async def test_the_repository_chooses_how_it_is_merged(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, ".github/lockstep.yml": "merge: merge\n"}})
    await story.run("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("**Done.**")
    assert len((await story.git("acme/api", "log", "-1", "--format=%P", "main")).split()) == 2
