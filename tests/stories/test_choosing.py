"""Tasks choose among models: by the policy, within people's bounds, and everybody can see why."""

from tests.kit.model import Answer, providing
from tests.kit.story import Story
from tests.stories.test_coder import CANARY

MODELS = "small=openai:gpt-4o-mini, large=openai:gpt-4o"
CONFIG = {"acme/api": {".github/lockstep.yml": "checks: none\nmodels: [{path: 'security/**', at_least: large}]\n"}}
PLAN = """\
- [ ] **x** Write hello · agent: coder · paths: hello.txt · verify: grep -q good hello.txt
- [ ] **y** Write keys · agent: coder · paths: security/** · needs: x
"""


def wrote(path: str, text: str) -> Answer:
    return Answer(calls=(("edit", {"path": path, "old": "", "new": text}),))


async def test_the_small_model_is_tried_first_and_what_fails_goes_on_to_the_large_one(story: Story) -> None:
    done = Answer(text="Written.")
    turns = [
        wrote("hello.txt", "bad\n"),
        done,
        wrote("hello.txt", "good\n"),
        done,
        wrote("security/k.txt", "k\n"),
        done,
    ]
    async with providing(*turns) as provider:
        await story.begin(
            CONFIG,
            model="openai:gpt-4o",
            model_url=provider.url,
            model_key=CANARY,
            models=MODELS,
            model_policy="cascade",
            budget_task=2.0,
        )
        await story.issue(PLAN)
        await story.until(
            "**Price:** The 2 tasks that models still have to do will cost $0.00 to $4.00: too few like them"
        )
        assert await story.ask("/lockstep cost") == "+1"
        await story.until("No model was called, so nothing was spent.\n\n- The 2 tasks that models still have to do")
        await story.ask("/lockstep approve\n/lockstep run")
        await story.until("**Done.**", "✅ done, model `large` |")
        assert await story.ask("/lockstep status x") == "+1"
        await story.until(
            "; model `large`", "- Model: `large`, the next in order; what fails its checks goes on to a person."
        )
        asked = [body["model"] for body in provider.asked]
        assert asked == ["gpt-4o-mini"] * 2 + ["gpt-4o"] * 4, "the bound takes the second task to the large one"
        assert await story.ask("/lockstep cost") == "+1"
        await story.until(
            "| `x` | doing the work | `openai:gpt-4o-mini` | 2 |",
            "- These should have started higher: `x` with `large`",
            "Models of the newest attempts:\n\n- `x`: `large`, the next in order; what fails its checks goes on to a person.",
        )
        run = await story.bot.engine.stored(f"{story.home}#{story.number}")
        assert run is not None
        assert run[1] is not None
        chosen = await story.bot.engine.chosen(run[1], ["x", "y"])
        assert chosen["x"].after
        assert chosen["y"].reasons[0] == "The path security/\\*\\* asks for at least large."


async def test_a_budget_that_is_used_up_holds_the_run_and_is_told_before_it_is(story: Story) -> None:
    again = Answer(calls=(("list", {}),), tokens=(100_000, 1_000))
    async with providing(again) as provider:
        await story.begin(
            model="openai:gpt-4o", model_url=provider.url, model_key=CANARY, budget_plan=0.5, budget_exceeded="pause"
        )
        await story.run(
            "- [ ] **x** Write hello · agent: coder · budget: 9\n- [ ] **y** Touch it · needs: x · run: touch y\n"
        )
        await story.until("**Paused.**", "% of the budget of this run is used: $0.5200 of $0.5000.")
        assert len(provider.asked) == 2, "one request overshoots, and there is no other"
