"""services/agents: finding an agent, and the agent `script`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import services.agents
from services.agents import AGENTS, Agent, Work, find_agent
from services.agents.box import NONE, Extras, Finished, OpenBox
from services.agents.script import MAX_SCRIPT
from services.core.plan import Task
from services.errors import UserError
from services.registry import Registry


class RecordingBox:
    """A box that runs nothing, notes what it was asked and answers as told."""

    def __init__(self, answer: Finished) -> None:
        self.answer = answer
        self.asked: list[tuple[list[str], Path, float, bytes]] = []

    is_closed = False
    programs = None

    async def run(
        self, argv: Sequence[str], *, files: Path, seconds: float, stdin: bytes = b"", extras: Extras = NONE
    ) -> Finished:
        self.asked.append((list(argv), files, seconds, stdin))
        return self.answer

    async def probe(self) -> str | None:
        return None

    def describe(self) -> str:
        return "A box for tests."


def work(files: Path, run: str, seconds: float = 10.0) -> Work:
    return Work(task=Task(id="a", title="Do it", repo="acme/api", run=run), files=files, seconds=seconds)


def test_the_agents_there_are() -> None:
    AGENTS.load(services.agents)
    assert "script" in AGENTS.names()


def test_an_unknown_agent_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError) as caught:
        find_agent("scrpt`@all\n![x](https://e.example)")
    text = str(caught.value)
    assert text.startswith("There is no agent `scrptallxhttpseexample`; this Lockstep knows: ")
    assert "script" in text
    assert not set(text) & set("@!\n[")


def test_agents_can_come_from_another_list() -> None:
    others: Registry[Agent] = Registry("agent")
    with pytest.raises(UserError, match="knows: none"):
        find_agent("script", others)
    mine = others.add("mine", find_agent("script"))
    assert find_agent("mine", others) is mine


async def test_a_script_changes_files_and_its_output_is_kept(tmp_path: Path) -> None:
    outcome = await find_agent("script").run(
        work(tmp_path, "echo hello > x\nprintf '\\033[31mred\\033[0m\\n'\n"), OpenBox()
    )
    assert (outcome.ok, outcome.exit_code, outcome.timed_out) == (True, 0, False)
    assert outcome.summary == "The script finished."
    assert outcome.log == b"red\n"
    assert (tmp_path / "x").read_text() == "hello\n"


async def test_the_first_command_that_fails_ends_a_script(tmp_path: Path) -> None:
    outcome = await find_agent("script").run(
        work(tmp_path, "echo before\ncat missing\necho after > after\n"), OpenBox()
    )
    assert not outcome.ok
    assert outcome.exit_code == 1
    assert outcome.summary.startswith("The script ended with exit code 1: cat: ")
    assert not (tmp_path / "after").exists()


async def test_a_script_that_hangs_is_stopped(tmp_path: Path) -> None:
    outcome = await find_agent("script").run(work(tmp_path, "echo waiting; sleep 30", 0.3), OpenBox())
    assert (outcome.ok, outcome.timed_out) == (False, True)
    assert outcome.summary == "The script was stopped after 0.3 s."
    assert outcome.log == b"waiting\n"


async def test_sec_25_the_text_is_one_argument_whatever_is_in_it(tmp_path: Path) -> None:
    box = RecordingBox(Finished(exit_code=0, timed_out=False, output=b""))
    text = "--help '\"$(touch x)`id`\n; rm -rf /"
    await find_agent("script").run(work(tmp_path, text, 7), box)
    assert box.asked == [(["/bin/sh", "-e", "-c", text], tmp_path, 7, b"")]


NOTHING = "Task `a` has the agent `script` but no `run:` with its commands."
TOO_LONG = "A script may have 100000 bytes of text; put a longer one into the repository and call it."


@pytest.mark.parametrize(
    ("text", "said"),
    [("", NOTHING), ("  \n", NOTHING), ("x" * (MAX_SCRIPT + 1), TOO_LONG), ("echo a\0b", TOO_LONG)],
)
async def test_a_script_that_cannot_be_run_is_a_users_error(tmp_path: Path, text: str, said: str) -> None:
    box = RecordingBox(Finished(exit_code=0, timed_out=False, output=b""))
    with pytest.raises(UserError) as refused:
        await find_agent("script").run(work(tmp_path, text), box)
    assert str(refused.value) == said
    assert box.asked == []


def test_a_person_is_no_agent_that_could_be_started() -> None:
    with pytest.raises(UserError) as refused:
        find_agent("human")
    assert str(refused.value) == "This is for a person."
