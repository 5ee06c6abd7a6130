"""A plan that can't be run gets one comment that says what is wrong, where and what to do; nothing else happens."""

import pytest
from inline_snapshot import snapshot

from tests.kit.sight import BOT
from tests.kit.story import FILES, Story

CYCLE = """\
- [ ] **schema** Add a field · needs: web
- [ ] **api** Serve it · needs: schema
- [ ] **web** Show it · needs: api
"""
UNKNOWN_NEED = "- [ ] **schema** Add a field\n- [ ] **api** Serve it · needs: shcema\n"
DUPLICATE = "- [ ] **api** Serve it\n- [ ] **API** Serve it again\n"
UNKNOWN_REPO = "- [ ] **api** Serve it (acme/apy)\n"
NOT_INSTALLED = "- [ ] **web** Show it (acme/web)\n"
EMPTY = "We should do something about the currency.\n"
OUTSIDE = "- [ ] **../../etc/passwd** Read it\n- [ ] **$(touch${IFS}pwned)** Run it\n- [ ] **@octocat** Call him\n"
UNSAFE = "```yaml\ntasks:\n  - id: !!python/object/apply:os.system [touch pwned]\n    title: Boo\n```\n"
PATHS = "- [ ] **api** Serve it · paths: ../../outside/**, .git/hooks/*\n"
LONG = f"- [ ] **api** {'Serve it ' * 40}\n"


async def comment_on(story: Story, body: str) -> str:
    """What the bot says to this plan, after everything has come to rest and nothing else has changed."""
    await story.begin({"acme/api": FILES, "acme/web": FILES}, installed=["acme/api"])
    await story.issue(body)
    await story.until("This plan can't be run yet")
    assert await story.ask("/lockstep approve\n/lockstep run") == "confused"
    await story.until("The plan has problems; my comment lists them with their lines.")
    await story.settled()
    assert len([comment for comment in story.comments() if comment.user == BOT]) == 1
    for repo in ("acme/api", "acme/web"):
        assert {issue.number for issue in story.issues(repo)} <= {story.number}
        assert not story.pulls(repo)
        assert await story.git(repo, "branch", "--list", "--format=%(refname:short)") == "main"
    assert [run for _, run in await story.bot.engine.plans()] == [None]
    return "\n".join(line for line in story.plan_comment().splitlines() if line.startswith("- "))


async def test_a_circle_is_named(story: Story) -> None:
    assert await comment_on(story, CYCLE) == snapshot(
        "- **Line 1:** These tasks wait for each other in a circle: `schema` needs `web` needs `api` needs `schema`. Remove one of these needs."
    )


async def test_a_need_that_is_no_task(story: Story) -> None:
    assert await comment_on(story, UNKNOWN_NEED) == snapshot(
        "- **Line 2:** `api` needs `shcema`, which is not a task here. Did you mean `schema`?"
    )


async def test_an_id_that_is_there_twice(story: Story) -> None:
    assert await comment_on(story, DUPLICATE) == snapshot(
        "- **Line 2:** `API` is already the id of the task on line 1 (upper and lower case count as the same); rename one of them."
    )


async def test_a_repository_that_does_not_exist(story: Story) -> None:
    assert await comment_on(story, UNKNOWN_REPO) == snapshot(
        "- **Line 1:** Lockstep is not installed on `acme/apy`; install it there, or correct the name. Did you mean `acme/api`?"
    )


async def test_a_repository_without_the_app(story: Story) -> None:
    assert await comment_on(story, NOT_INSTALLED) == snapshot(
        "- **Line 1:** Lockstep is not installed on `acme/web`; install it there, or correct the name. Did you mean `acme/api`?"
    )


async def test_no_task_at_all(story: Story) -> None:
    assert await comment_on(story, EMPTY) == snapshot(
        "- There is no task here; write them as `- [ ] **id** Title (owner/repo)`, or as a `yaml` block with `tasks:`."
    )


async def test_ids_that_want_to_be_paths_commands_or_people(story: Story) -> None:
    assert await comment_on(story, OUTSIDE) == snapshot("""\
- **Line 1:** `../../etc/passwd` can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters. For example `etc-passwd`.
- **Line 2:** `$(touch${IFS}pwned)` can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters. For example `touch-IFS-pwned`.
- **Line 3:** `@octocat` can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters. For example `octocat`.\
""")


async def test_yaml_that_wants_to_run_something(story: Story) -> None:
    assert await comment_on(story, UNSAFE) == snapshot(
        "- **Line 3:** `!!python/object/apply:os.system` is a YAML tag, which plans don't use; write a plain value."
    )


async def test_paths_that_leave_the_repository(story: Story) -> None:
    assert await comment_on(story, PATHS) == snapshot("""\
- **Line 1:** The path `../../outside/**` leaves the repository; remove the `..`.
- **Line 1:** The path `.git/hooks/*` reaches into `.git`, which no task may change.\
""")


async def test_a_title_without_an_end(story: Story) -> None:
    assert await comment_on(story, LONG) == snapshot(
        "- **Line 1:** The title `Serve it Serve it Serve it Serve it Ser…` has 359 characters, at most 256 are read; move the rest to `body`."
    )


async def test_as_many_tasks_as_an_issue_can_hold(story: Story) -> None:
    """An issue ends at 65,536 characters, which is room for over 4,000 tasks; 5,000 come in files (tests/services/
    test_plan_cli.py)."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    names = [f"{a}{b}{c}" for a in letters for b in letters for c in "abcd"][:4000]
    body = "".join(f"- [ ] **{name}** x\n" for name in names)
    assert len(body) < 65_536
    assert await comment_on(story, body) == snapshot(
        "- **Line 1001:** A plan has at most 1,000 tasks; split it into several plans."
    )


async def test_a_bad_plan_that_is_corrected_can_be_approved(story: Story) -> None:
    await story.begin()
    await story.issue(UNKNOWN_NEED)
    await story.until("This plan can't be run yet")
    await story.edit(UNKNOWN_NEED.replace("shcema", "schema"))
    await story.until("Waits for approval")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve") == "+1"


@pytest.mark.parametrize("edit", ["", "No tasks any more.\n", CYCLE])
async def test_an_approved_plan_that_is_edited_into_a_bad_one_does_not_run(story: Story, edit: str) -> None:
    await story.begin()
    await story.issue("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.edit(edit)
    await story.until("This plan can't be run yet")
    assert await story.ask("/lockstep run") == "confused"
    await story.settled()
    assert len(story.issues()) == 1
