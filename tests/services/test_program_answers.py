"""What a model has answered a program is not paid for again after a crash, as long as the program asks the same."""

import asyncio
import os
from typing import Any

import msgspec
import pytest

from services.agents.answers import MOST, Answer, Answers, key_of
from services.store.checkpoints import MAX_BLOB

ASKED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "anthropic": (
        {"metadata": {"user_id": "session-1"}, "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "make"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "in 1.2 s"}]}]},
        {"metadata": {"user_id": "session-2"}, "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "make"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "in 9 s"}]}]}]},
        {"messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "rm x"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "in 1.2 s"}]}]},
    ),
    "completions": (
        {"messages": [{"role": "user", "content": "Do it."}, {"role": "assistant", "content": "Yes."}, {"role": "tool", "content": "1"}]},
        {"messages": [{"role": "user", "content": "Do it."}, {"role": "assistant", "content": "Yes."}, {"role": "tool", "content": "2"}]},
        {"messages": [{"role": "user", "content": "Do it!"}, {"role": "assistant", "content": "Yes."}, {"role": "tool", "content": "1"}]},
    ),
    "responses": (
        {"prompt_cache_key": "a", "input": [{"type": "function_call", "arguments": "{}"}, {"type": "function_call_output", "output": "Wall time: 1"}]},
        {"prompt_cache_key": "b", "input": [{"type": "function_call", "arguments": "{}"}, {"type": "function_call_output", "output": "Wall time: 2"}]},
        {"input": [{"type": "function_call", "arguments": "{1}"}, {"type": "function_call_output", "output": "Wall time: 1"}]},
    ),
    "google": (
        {"contents": [{"role": "model", "parts": [{"text": "a"}]}, {"parts": [{"functionResponse": {"response": {"output": "1"}}}]}]},
        {"contents": [{"role": "model", "parts": [{"text": "a"}]}, {"parts": [{"functionResponse": {"response": {"output": "2"}}}]}]},
        {"contents": [{"role": "model", "parts": [{"text": "b"}]}, {"parts": [{"functionResponse": {"response": {"output": "1"}}}]}]},
    ),
}  # fmt: skip


class Notes:
    """A journal in memory."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data

    async def load(self) -> bytes | None:
        return self.data

    async def keep(self, data: bytes, turns: int, /) -> None:
        self.data = data


@pytest.mark.parametrize(("one", "same", "other"), ASKED.values(), ids=ASKED)
def test_a_conversation_is_known_by_the_models_turns_and_not_by_what_tools_printed(
    one: dict[str, Any], same: dict[str, Any], other: dict[str, Any]
) -> None:
    assert key_of("/v1/x", one) == key_of("/v1/x", same)
    assert key_of("/v1/x", one) != key_of("/v1/x", other)
    assert key_of("/v1/x", one) != key_of("/v1/y", one)


def test_what_is_nested_without_end_has_a_key_too() -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"a": deep}
    assert key_of("/v1/x", deep)


async def test_each_answer_is_given_once_in_its_order_and_only_so_much_is_kept() -> None:
    notes = Notes()
    answers = Answers(notes)
    await answers.load()
    for body in (b"1", b"2"):
        await answers.keep("k", "text/event-stream", body)
    await answers.keep("k", "text/event-stream", b"x" * MOST)
    assert answers.again("k") is None, "this try has heard them itself"
    later = Answers(Notes(notes.data))
    await later.load()
    given = [later.again("k") for _ in range(3)]
    assert [each and (each.kind, each.body) for each in given] == [
        ("text/event-stream", b"1"), ("text/event-stream", b"2"), None,
    ]  # fmt: skip
    assert later.again("other") is None


async def test_what_can_not_be_read_counts_as_nothing() -> None:
    for journal in (None, Notes(b"damaged"), Notes()):
        answers = Answers(journal)
        await answers.load()
        await answers.keep("k", "", b"1")
        assert answers.again("k") is None


async def test_what_is_kept_fits_however_badly_it_packs() -> None:
    """Or the store would put nothing in place of all that was there."""
    notes = Notes()
    answers = Answers(notes)
    for number in range(12):
        await answers.keep(str(number), "text/event-stream", os.urandom(900_000))
    assert notes.data is not None
    assert MOST // 2 < len(notes.data) < MAX_BLOB * 0.9
    assert len(msgspec.msgpack.decode(notes.data, type=list[Answer])) == MOST // 900_000


class Slow(Notes):
    """What is short takes long to be written."""

    async def keep(self, data: bytes, turns: int, /) -> None:
        for _ in range(0 if len(data) > 1_000 else 5):
            await asyncio.sleep(0)
        self.data = data


async def test_what_is_kept_at_the_same_time_is_all_kept() -> None:
    notes = Slow()
    answers = Answers(notes)
    await asyncio.gather(answers.keep("a", "", b"1"), answers.keep("b", "", b"2" * 1_000))
    assert [each.key for each in msgspec.msgpack.decode(notes.data or b"", type=list[Answer])] == ["a", "b"]
