"""`/lockstep cost`: whoever may read the repository hears what models have cost."""

from decimal import Decimal

from inline_snapshot import snapshot

from services.core.cost import Usage
from services.store.ledger import Call, Ledger
from tests.kit.story import Story
from tests.stories.test_scripts import page

PLAN = "- [ ] **one** Write a file · run: echo 1 > one.txt\n"


async def test_whoever_may_read_hears_what_a_plan_has_cost(story: Story) -> None:
    await story.begin()
    await story.run(PLAN)
    await story.until("**Done.**")
    assert await story.ask("/lockstep cost", by="eve") == "+1"
    await story.until("No model was called, so nothing was spent.")
    plan_id = f"{story.home}#{story.number}"
    ledger, now = Ledger(story.bot.database), story.hub.sandbox.now()
    call = Call(plan_id=plan_id, run_id="r1", task="one", purpose="attempt")
    row = await ledger.begin(call, "openai", "gpt-4o", Decimal(1), (), now)
    assert isinstance(row, int)
    await ledger.end(row, Usage(input=1_000, output=100), Decimal("0.0035"), "genai-prices")
    assert await story.ask("/lockstep cost", by="eve") == "+1"
    said = await story.until("$0.0035")
    assert said.rpartition("> `eve` `/lockstep cost`")[2].partition("\n<sub>")[0].strip() == snapshot("""\
**$0.0035** for 1 model call.

| Task | For | Model | Calls | Tokens in | of them cached | Tokens out | Cost |
| --- | --- | --- | --: | --: | --: | --: | --: |
| `one` | doing the work | `openai:gpt-4o` | 1 | 1,000 | 0 | 100 | $0.0035 |\
""")
    assert "$0.0035" in await page(story)
    assert await story.ask("/lockstep status") == "+1"
    await story.until("the run is over. Models: **$0.0035** for 1 model call.")


async def test_cost_needs_a_plan(story: Story) -> None:
    await story.begin()
    await story.issue("Just some words.", labels=[])
    assert await story.ask("/lockstep cost") == "confused"
    await story.until("This issue holds no plan")
