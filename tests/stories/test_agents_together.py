"""All kinds of agents in one plan: what each of them leaves is read from git, judged and merged in the same way."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.sandbox import copilot
from tests.kit.model import Answer, providing
from tests.kit.programs import fake
from tests.kit.story import FILES, Story
from tests.stories.test_actions_agent import home
from tests.stories.test_coder import CANARY, DONE, WRITES

MODEL = "claude-sonnet-5"
PRINTS = json.dumps({"type": "result", "result": "Done.", "is_error": False, "usage": {}, "total_cost_usd": 0.003})
PLAN = """\
- [ ] **shell** Write it · run: echo 1 > shell.txt
- [ ] **model** Write it · agent: coder · verify: test -e hello.txt
- [ ] **program** Write it · agent: claude
- [ ] **workflow** Write it · agent: actions · paths: one.txt
- [ ] **pilot** Write it · agent: copilot · paths: pilot.txt
- [ ] **person** Write it · agent: human
- [ ] **last** Look at it · needs: shell, model, program, workflow, pilot, person · run: ls > all.txt
"""
LEFT = {"README.md", "all.txt", "hello.txt", "one.txt", "person.txt", "pilot.txt", "said.json", "shell.txt", "test.sh"}


def answer(body: Mapping[str, Any]) -> Answer:
    """To the coder, which has tools, an edit and then its end; to the program a word."""
    return WRITES if body.get("tools") and "tool_result" not in str(body["messages"]) else DONE


async def test_every_kind_of_agent_does_a_task_of_one_plan(story: Story, tmp_path: Path) -> None:
    hub = story.hub
    fake(tmp_path / "programs", "claude", path="/v1/messages", model=MODEL, prints=PRINTS)
    async with providing(answer) as provider:
        await story.begin(
            {"acme/api": {**FILES, **home("echo 1 > one.txt")}},
            model=f"anthropic:{MODEL}",
            model_url=provider.url.removesuffix("/v1"),
            model_key=CANARY,
            agent_programs=str(tmp_path / "programs"),
            copilot_token=await hub.do(lambda: hub.scenario.user_token("ana")),
        )
        await hub.do(lambda: copilot.enable(hub.sandbox, story.repo(), lambda *_: {"pilot.txt": "1\n"}))
        await story.run(PLAN)
        said = await story.until("a pull request in acme/api whose text says `Closes #")
        await story.commit("acme/api", {"person.txt": "1\n"}, branch="mine")
        asked = {"title": "Mine", "head": "mine", "base": "main", "body": said[said.index("Closes #") :].split("`")[0]}
        made = await hub.ok("POST", "/repos/acme/api/pulls", asked, who="ana")
        await story.until("`ana` does it in")
        await hub.ok("PUT", f"/repos/acme/api/pulls/{made['number']}/merge", {}, who="ana")
        await story.until("**Done.** 7 of 7 tasks done")
        assert set(str(await story.file("acme/api", "all.txt")).split()) == LEFT
        by = {pull.title: pull.user for pull in story.pulls()}
        assert await story.ask("/lockstep cost") == "+1"
        said = await story.until("| `program` | doing the work | `anthropic:claude-sonnet-5` | 1 |")
        assert "| `model` | doing the work | `anthropic:claude-sonnet-5` | 2 |" in said
        assert CANARY not in str(await story.file("acme/api", "said.json"))
    assert set(by.values()) == {"lockstep[bot]", "Copilot", "ana"}
