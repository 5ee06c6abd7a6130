"""`explain`: over two repositories, from a task that is blocked to the check that failed and the command that helps."""

from inline_snapshot import snapshot

from tests.kit.pipe import Pipe
from tests.kit.story import Story
from tests.stories.test_by_hand import waiting_for_a_review
from tests.stories.test_commands import answers

PLAN = """\
- [ ] **schema** Add a field (acme/schema) · run: echo 1 > broken
- [ ] **api** Serve it (acme/api) · needs: schema · run: echo 2 > two.txt
- [ ] **web** Show it (acme/api) · needs: api · run: echo 3 > three.txt
"""


async def broken(story: Story) -> None:
    await story.begin(["acme/api", "acme/schema"], roles={"ana": "maintain", "eve": "read"})
    await story.run(PLAN)
    await story.until("check `test` failed")
    await story.settled()


def last_answer(story: Story) -> str:
    return "> `" + answers(story).split("> `")[-1]


async def test_the_whole_chain_is_followed_over_repositories(story: Story) -> None:
    await broken(story)
    assert await story.ask("/lockstep explain web", by="eve") == "+1"
    await story.until("needs `schema`")
    assert last_answer(story) == snapshot("""\
> `eve` `/lockstep explain web`

⏸ `web` (acme/api) is blocked.

- needs `api` (acme/api#3), which is blocked:
  - needs `schema` (acme/schema#2), which needs a person:
    - somebody has to decide: check `test` failed — whoever has the write permission on acme/schema: `/lockstep retry schema`\
""")
    assert "⏸ blocked by `schema` (needs a person)" in story.plan_comment()
    assert await story.ask("/lockstep explain acme/schema", by="eve") == "+1"
    await story.until("`eve` `/lockstep explain acme/schema`")
    assert last_answer(story) == snapshot("""\
> `eve` `/lockstep explain acme/schema`

🙋 `schema` (acme/schema#2) needs a person.

- somebody has to decide: check `test` failed — whoever has the write permission on acme/schema: `/lockstep retry schema`\
""")


async def test_a_plan_is_explained_before_it_is_started_and_when_it_is_over(story: Story) -> None:
    await story.begin()
    await story.issue("- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep explain") == "+1"
    await story.until("whoever has the maintain permission gives it: `/lockstep approve`")
    assert await story.ask("/lockstep approve\n/lockstep explain") == "+1"
    await story.until("whoever has the write permission starts it: `/lockstep run`")
    assert await story.ask("/lockstep run") == "+1"
    await story.until("**Done.**")
    assert await story.ask("/lockstep explain") == "+1"
    await story.until("Nothing holds this plan back: all of it is over.")
    assert await story.ask("/lockstep explain nothing") == "confused"
    await story.until("`nothing` is no task of this plan")


async def test_a_full_lane_is_named(story: Story, pipe: Pipe) -> None:
    await story.begin(workers=2, workers_per_repo=1)
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo 1 > one\n- [ ] **two** Then · run: echo 2 > two\n")
    await pipe.reached()
    await story.until("🔵 running", "▶ ready")
    assert await story.ask("/lockstep explain") == "+1"
    await story.until("is ready, and no place is free in `acme/api`", "attempt 1 is running with `script`, until ")
    pipe.let_one_pass()
    await story.until("**Done.**")


async def test_reviews_and_holds_are_explained_together(story: Story) -> None:
    await waiting_for_a_review(story)
    assert await story.ask("/lockstep hold one\n/lockstep hold\n/lockstep explain one") == "+1"
    await story.until(
        "waits for a review or a required check — whoever", "is held — whoever", "the whole run is held —"
    )
