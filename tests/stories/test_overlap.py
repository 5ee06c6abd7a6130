"""Tasks of one repository that may change the same files: one after the other, and that is said."""

from tests.kit.pipe import Pipe
from tests.kit.story import FILES, Story

PLAN = """\
- [ ] **one** Write it · priority: 1 · paths: src/** · run: {}; mkdir src && echo 1 > src/a.txt
- [ ] **two** Write more · paths: src/a.txt · run: mkdir -p src && echo 2 >> src/a.txt
- [ ] **far** Write elsewhere · paths: docs/** · run: mkdir docs && echo 3 > docs/c.txt
"""


async def test_what_overlaps_is_worked_on_one_after_the_other(story: Story, pipe: Pipe) -> None:
    await story.begin(workers=3)
    await story.run(PLAN.format(pipe.wait))
    said = await story.until(
        "🔵 running", "ready: after `one`, as both may change `src/**`", "| `far` | Write elsewhere"
    )
    assert (
        "`one` and `two` may change the same files (`src/**` and `src/a.txt`), so they are worked on one after" in said
    )
    assert await story.ask("/lockstep explain two") == "+1"
    await story.until("is ready, and `one` goes first, because both may change `src/**`")
    await story.until(lambda: len(story.merges) == 1)  # the third one went its own way
    first, number = story.number, await story.issue("- [ ] **other** Beside it · paths: src/b.txt · run: true\n")
    await story.until(f"`other` may change the same files as `one` of the plan acme/api#{first}, which is under way")
    assert number != first
    story.number = first
    pipe.let_one_pass()
    await story.until("**Done.**")
    assert await story.file("acme/api", "src/a.txt") == "1\n2\n"


async def test_where_a_repository_only_wants_to_be_told_they_start_together(story: Story, pipe: Pipe) -> None:
    await story.begin({"acme/api": {**FILES, ".github/lockstep.yml": "overlap: warn\n"}}, workers=3)
    await story.run(PLAN.format(pipe.wait))
    said = await story.until(lambda: any(issue.title == "Write more" for issue in story.pulls()))
    assert "may change the same files at the same time" in said
    pipe.let_one_pass()


STACKED = """\
- [ ] **one** Write it · priority: 1 · paths: src/** · run: mkdir src && echo 1 > src/a.txt
- [ ] **two** Write more · paths: src/a.txt · run: sed -i 's/1/1 and 2/' src/a.txt
- [ ] **three** Write most · priority: -1 · paths: src/a.txt · run: sed -i 's/and 2/and 3/' src/a.txt
"""
APART = """\
- [ ] **one** Write it · priority: 1 · paths: a.txt · run: sed -i 's/^1/one/' a.txt
- [ ] **two** Write more · paths: a.txt · run: sed -i 's/^5/five/' a.txt
- [ ] **three** Write most · priority: -1 · paths: a.txt · run: sed -i 's/^9/nine/' a.txt
"""
LINES = "\n".join("123456789")


async def stacked(story: Story, plan: str, merge: str) -> dict[str, int]:
    """Three that are stacked and wait for a review; their pull requests by title."""
    settings = {".github/lockstep.yml": f"overlap: stack\nmerge: {merge}\n", "a.txt": LINES}
    await story.begin({"acme/api": {**FILES, **settings}}, roles={"ana": "maintain", "bea": "write"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "test", approvals=1))
    await story.run(plan)
    await story.until(lambda: len(story.pulls()) == 3, "is stacked on `two`, and merges after it")
    return {issue.title: issue.number for issue in story.pulls()}


def bases(story: Story) -> dict[str, str]:
    return {issue.title: issue.pull.base_ref for issue in story.pulls() if issue.pull is not None}


async def merged(story: Story, number: int) -> None:
    """A person approves it."""
    await story.review(number, by="bea")
    await story.until(lambda: f"acme/api#{number}" in story.merges)


async def test_a_stack_shows_each_ones_own_changes_and_merges_from_below(story: Story) -> None:
    numbers = await stacked(story, STACKED, "squash")
    assert bases(story) == {
        "Write it": "main", "Write more": "lockstep/api-1/one", "Write most": "lockstep/api-1/two",
    }  # fmt: skip
    assert "so the later is stacked on the earlier, and merges after it" in story.plan_comment()
    assert await story.ask("/lockstep explain three\n/lockstep rebase two") == "+1"
    await story.until("- is stacked on `two` (acme/api#6), which is in review:", "is stacked on `one` (acme/api#5)")
    await story.review(numbers["Write more"], by="bea")
    await story.settled()
    assert not story.merges, "it is approved, and below it something is not"
    await merged(story, numbers["Write it"])
    await story.stop()  # in the middle of carrying the second over
    await story.start()
    for title in ("Write more", "Write most"):
        await story.until(lambda title=title: bases(story)[title] == "main")  # type: ignore[misc]
        await merged(story, numbers[title])
    await story.until("**Done.**")
    assert await story.file("acme/api", "src/a.txt") == "1 and 3\n"
    log = await story.git("acme/api", "log", "--format=%s", "main")
    assert [line.partition(" (#")[0] for line in log.splitlines()[:3]] == ["Write most", "Write more", "Write it"]


async def test_what_comes_to_nothing_is_taken_out_of_the_stack(story: Story) -> None:
    numbers = await stacked(story, APART, "merge")
    await merged(story, numbers["Write it"])
    await story.until(lambda: bases(story)["Write more"] == "main")
    assert await story.ask("/lockstep cancel two") == "+1"
    await story.until(lambda: bases(story)["Write most"] == "main")
    await merged(story, numbers["Write most"])
    assert await story.file("acme/api", "a.txt") == LINES.replace("1", "one").replace("9", "nine")
