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
    pipe.let_one_pass()
    await story.until("**Done.**")
    assert await story.file("acme/api", "src/a.txt") == "1\n2\n"


async def test_where_a_repository_only_wants_to_be_told_they_start_together(story: Story, pipe: Pipe) -> None:
    await story.begin({"acme/api": {**FILES, ".github/lockstep.yml": "overlap: warn\n"}}, workers=3)
    await story.run(PLAN.format(pipe.wait))
    said = await story.until(lambda: any(issue.title == "Write more" for issue in story.pulls()))
    assert "may change the same files at the same time" in said
    pipe.let_one_pass()
