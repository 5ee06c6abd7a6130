"""What tasks in private repositories cost is told nowhere in a public plan."""

from decimal import Decimal

from services.core.cost import Usage
from services.store.ledger import Call, Ledger
from tests.kit.story import Story
from tests.stories.test_private import begin

PLAN = """\
- [ ] **here** Write a file · run: echo 1 > one.txt
- [ ] **there** Write another (acme/secret) · run: echo 2 > two.txt
"""


async def test_a_public_plan_tells_nothing_of_what_a_private_repository_cost(story: Story) -> None:
    await begin(story, "acme/api", "acme/secret", private=("acme/secret",))
    await story.run(PLAN)
    await story.until("**Done.**")
    ledger, now, plan_id = Ledger(story.bot.database), story.hub.sandbox.now(), f"{story.home}#{story.number}"
    # `gone` was in the private repository in a run before; of `lost` nobody knows where it was.
    for task, repo, dollars in (
        ("here", "", "0.25"),
        ("there", "", "7"),
        ("gone", "acme/secret", "8"),
        ("lost", "", "9"),
    ):
        call = Call(plan_id=plan_id, run_id="r1", task=task, purpose="attempt", repo=repo)
        row = await ledger.begin(call, "openai", "gpt-4o", Decimal(1), (), now)
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=1_000, output=100), Decimal(dollars), "genai-prices")
    assert await story.ask("/lockstep cost", by="eve") == "+1"
    assert await story.ask("/lockstep status", by="eve") == "+1"
    told = "**$0.2500** for 1 model call. What tasks elsewhere cost is not told here."
    said = await story.until(f"\n\n{told}\n", f"the run is over. Models: {told}")
    assert "| `here` | doing the work |" in said
    assert not any(f"| `{task}` | doing the work |" in said for task in ("there", "gone", "lost"))
    assert not any(f"${dollars}" in said for dollars in ("7", "8", "9", "16", "24"))
