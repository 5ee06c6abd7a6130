"""The agent `coder` from a plan to the merge: with the test model, with a real connection, and through kill -9."""

import asyncio
import re
from pathlib import Path

import pytest

from services.core.names import LABEL_PLAN
from tests.kit import harmless
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Place, Strike
from tests.kit.crash.stage import HOME, PERSON, listening, staged
from tests.kit.crash.wire import Wire
from tests.kit.model import Answer, providing
from tests.kit.sight import BOT
from tests.kit.story import Story
from tests.stories.test_scripts import row

PATIENCE = 240.0
PLAN = "- [ ] **code** Write a file · agent: coder · verify: test -e lockstep-coder.txt\n"
CANARY = "sk-canary-0123456789"
WRITES = Answer(calls=(("edit", {"path": "hello.txt", "old": "", "new": "hello\n"}),))
CHECKS = Answer(calls=(("check", {}),))
DONE = Answer(text="Written. @octocat closes #1")


async def test_a_task_of_the_coder_is_merged_and_paid_for_by_the_test_model(story: Story) -> None:
    await story.begin(model="test")
    await story.run(PLAN.replace("agent: coder", "agent: coder · model: gpt-4o"))
    await story.until("**Done.**", "✅ done, model `test` |")
    assert await story.file("acme/api", "lockstep-coder.txt") == "The test model wrote this.\n"
    assert await story.ask("/lockstep status code\n/lockstep cost") == "+1"
    assert re.search(r"`code` done; worktree \S+ s, agent \S+ s in 2 turns, commit", await story.until("`code` done"))
    await story.until("**$0.00** for 2 model calls.", "| `code` | doing the work | `test` | 2 |")


async def test_without_a_model_the_task_needs_a_person_and_says_why(story: Story) -> None:
    await story.begin()
    await story.run(PLAN)
    said = await story.until("**Stopped:")
    assert "asks a model, and none is set here." in said
    assert "no model is set here" in said
    await story.settled()
    assert story.pulls() == []


async def test_a_plan_that_a_model_drafted_is_carried_out_by_it(story: Story) -> None:
    drafted = Answer(text="tasks:\n  - id: x\n    title: Write hello\n    agent: coder\n    prompt: Write it.\n")
    async with providing(drafted, WRITES, DONE) as provider:
        await story.begin(model="openai:gpt-4o", model_url=provider.url, model_key=CANARY)
        await story.issue("Please write hello.")
        await story.until("Waits for approval:** 1 task")
        assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
        await story.until("**Done.**")
        assert await story.file("acme/api", "hello.txt") == "hello\n"
        assert all(CANARY not in str(body) for body in provider.asked)
        assert CANARY not in "\n".join(story.log.lines())
        assert await story.ask("/lockstep cost") == "+1"
        await story.until("for 3 model calls.", "| the plan | drafting the plan |", "| `x` | doing the work |")


async def test_a_limit_is_waited_out_and_the_conversation_goes_on(story: Story) -> None:
    limit = Answer(status=429, headers={"retry-after": "0"})
    async with providing(WRITES, limit, CHECKS, DONE) as provider:
        await story.begin(model="openai:gpt-4o", model_url=provider.url, model_key=CANARY)
        await story.run("- [ ] **x** Write hello · agent: coder · verify: test -e hello.txt\n")
        await story.until("**Done.**")
        assert len(provider.asked) == 4
        roles = [message["role"] for message in provider.asked[2]["messages"]]
        assert roles == ["system", "user", "assistant", "tool"], "it went on after the edit"


async def test_no_more_is_paid_than_the_task_may_cost(story: Story) -> None:
    again = Answer(calls=(("list", {}),), tokens=(100_000, 1_000))
    async with providing(again) as provider:
        await story.begin(model="openai:gpt-4o", model_url=provider.url, model_key=CANARY)
        await story.run("- [ ] **x** Write hello · agent: coder · budget: 0.50\n")
        said = await story.until("**Stopped:")
        assert "The budget of this task is used up" in said
        assert len(provider.asked) == 2, "the second call overshoots, and there is no third"


async def test_a_maintainer_gives_another_model_and_budget_and_both_count(story: Story) -> None:
    again = Answer(calls=(("list", {}),), tokens=(100_000, 1_000))
    async with providing(again, again, WRITES, DONE) as provider:
        await story.begin(
            roles={"ana": "maintain", "wes": "write"}, model="openai:gpt-4o", model_url=provider.url, model_key=CANARY
        )
        await story.run("- [ ] **x** Write hello · agent: coder · budget: 0.50\n- [ ] **y** Leave it · agent: human\n")
        await story.until(lambda: row(story, "x").startswith("❌"), lambda: row(story, "y").startswith("🙋"))
        for verb in ("model x model=gpt-4o-mini", "budget x usd=2"):
            assert await story.ask(f"/lockstep {verb}", by="wes") == "confused"
            word = verb.partition(" ")[0]
            await story.until(f"`/lockstep {word}` needs the maintain permission on this repository; you have write.")
        assert await story.ask("/lockstep budget y usd=2") == "confused"
        await story.until("`y` is done by `human`, which asks no model; nothing has been changed.")
        assert await story.ask("/lockstep model all model=gpt-4o-mini\n/lockstep budget x usd=2.00") == "+1"
        await story.until(
            "failed, model `openai:gpt-4o-mini`, at most $2: ",
            "`openai:gpt-4o-mini` does `x` from the next attempt on. Left out, because no model does them: `y`.",
            "`x` may cost $2.00, from the next attempt on.",
        )
        assert await story.ask("/lockstep skip y\n/lockstep retry failed") == "+1"
        await story.until("**Done.**")
        assert [body["model"] for body in provider.asked] == ["gpt-4o", "gpt-4o", "gpt-4o-mini", "gpt-4o-mini"]
        plan_id = f"{story.home}#{story.number}"
        told = [(m.kind, m.actor, m.text) for m in await story.bot.engine.history(plan_id)]
        assert [each for each in told if each[0] in {"modelled", "budgeted"}] == [
            ("budgeted", "ana", "usd=2"),
            ("modelled", "ana", "model=gpt-4o-mini"),
        ]


async def test_a_model_that_can_not_be_asked_and_money_that_is_none_are_refused(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **x** Fail · run: exit 1\n")
    await story.until("**Stopped:")
    for asked, answer in [
        ("model x model=gpt-4o", "No model is set here; whoever runs this Lockstep sets `LOCKSTEP_MODEL`."),
        ("model x", "Name the task and the model, for example `/lockstep model api model=gpt-4o`."),
        ("budget x usd=much", "Name the task and what it may cost"),
        ("budget x usd=-1", "Name the task and what it may cost"),
        ("budget usd=1", "Name the task and what it may cost"),
    ]:
        assert await story.ask(f"/lockstep {asked}") == "confused", asked
        await story.until(answer)


@pytest.mark.parametrize(("cut", "calls"), [(0, 4), (1, 4), (2, 4)])
async def test_kill_9_repeats_the_call_that_was_cut_and_no_other(tmp_path: Path, cut: int, calls: int) -> None:
    """The process is killed while the model answers its call number `cut`."""
    down, seen = asyncio.Event(), 0

    async with asyncio.timeout(PATIENCE), staged(tmp_path) as (stage, app):

        async def asked() -> None:
            nonlocal seen
            seen += 1
            if seen == cut + 1:
                await host.kill(Strike(kind="model"))
                down.set()

        async def nothing(_: str, __: Place, ___: str) -> bool:
            return False

        def answer(body: object) -> Answer:
            turns = sum(message["role"] == "tool" for message in body["messages"])  # type: ignore[index]
            return [
                Answer(calls=WRITES.calls, told=asked), Answer(calls=CHECKS.calls, told=asked),
                Answer(text="Done.", told=asked),
            ][min(turns, 2)]  # fmt: skip

        async with providing(answer) as provider:
            settings = {"MODEL": "openai:gpt-4o", "MODEL_URL": provider.url, "MODEL_KEY": CANARY}
            host = One(tmp_path, app, **{f"LOCKSTEP_{name}": value for name, value in settings.items()})
            wire = Wire(stage.hub.url, host.bot_url, PERSON, nothing)
            await wire.open()
            try:
                await stage.hub.listens(app, wire.hook_url)
                async with listening(stage.pipe, lambda *_: None):
                    await host.start(wire.url)
                    await host.up()
                    plan = "- [ ] **x** Write hello · agent: coder · verify: test -e hello.txt\n"
                    asks = {"title": "One", "body": plan, "labels": [LABEL_PLAN]}
                    number = int((await stage.hub.ok("POST", f"/repos/{HOME}/issues", asks, who=PERSON))["number"])
                    stage.plans.append(number)
                    await stage.until(lambda: stage.shows(1, "Waits for approval"))
                    await stage.say(1, "/lockstep approve\n/lockstep run")
                    await down.wait()
                    await host.start(wire.url)
                    await host.up()
                    await wire.repay()
                    await stage.until(lambda: stage.shows(1, "**Done.**"))
            finally:
                await host.stop()
                await wire.close()
            assert len(provider.asked) == calls
            turns = [sum(m["role"] == "tool" for m in body["messages"]) for body in provider.asked]
            assert turns == sorted(turns), "nothing that was answered is asked again"
            assert await stage.hub.do(harmless.doubled, stage.hub.sandbox, BOT) == []
            log = host.log.read_text()
            assert CANARY not in log
            assert "Traceback" not in log
