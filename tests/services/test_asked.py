"""What a program's request can come to, and what is not let through as nobody could bound it."""

import json
from typing import Any

import pytest

from services.agents.asked import Asked, asked, read

MOST = 1_000


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ({}, MOST),
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 1, "max_completion_tokens": 900}, 900),
        ({"max_output_tokens": 1, "generationConfig": {"maxOutputTokens": 8}, "generation_config": {"max_output_tokens": 9}}, 9),
        ({"max_tokens": True}, MOST),
        ({"max_tokens": 1, "max_completion_tokens": 900.0}, MOST),
        ({"max_tokens": 1, "max_output_tokens": "900"}, MOST),
        ({"max_tokens": 10**9}, MOST),
        ({"max_tokens": 7, "max_completion_tokens": None}, 7),
        ({"max_tokens": 7, "n": 3}, 21),
        ({"max_tokens": 7, "n": -3}, 7),
        ({"max_tokens": 7, "n": None, "generation_config": {"candidate_count": 8}}, 56),
        ({"max_tokens": 7, "generationConfig": {"candidate_count": 2, "candidateCount": 4}}, 28),
        ({"generationConfig": 7}, MOST),
    ],
)  # fmt: skip
def test_the_dearest_reading_holds(told: dict[str, Any], tokens: int) -> None:
    assert asked({"model": "m", **told}, "", MOST) == Asked(model="m", tokens=tokens)


@pytest.mark.parametrize(
    "told",
    [
        {"generation_config": {"candidate_count": 9}},
        {"generationConfig": {"candidate_count": 9}},
        {"n": 2.0},
        {"n": "8"},
        {"previous_response_id": "resp_1"},
        {"conversation": {"id": "conv_1"}},
        {"prompt": {"id": "pmpt_1"}},
        {"cachedContent": "cachedContents/1"},
        {"cached_content": "cachedContents/1"},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]}]},
        {"serviceTier": "priority"},
        {"service_tier": "PRIORITY"},
    ],
    ids=str,
)
def test_what_nobody_here_could_bound_is_not_asked(told: dict[str, Any]) -> None:
    assert asked({"model": "m", **told}, "", MOST) is None


@pytest.mark.parametrize(
    "told",
    [
        {"store": False, "previous_response_id": None, "include": ["reasoning.encrypted_content"], "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Do it."}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"type": "function_call", "call_id": "c", "name": "shell", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "1"},
        ]},
        {"input": [{"role": "user", "content": "Do it."}], "service_tier": "auto"},
        {"input": "Do it."},
        {"messages": [{"role": "user", "content": "Do it."}], "n": 1, "service_tier": "flex"},
        {"contents": [{"parts": [{"text": "Do it."}]}], "generationConfig": {"candidateCount": 1, "temperature": 0}},
    ],
    ids=["codex", "opencode", "text", "aider", "gemini"],
)  # fmt: skip
def test_what_programs_ask_is_let_through(told: dict[str, Any]) -> None:
    assert asked({"model": "m", **told}, "", MOST) == Asked(model="m", tokens=MOST)


def test_an_hour_is_seen_however_it_is_written() -> None:
    body = rb'{"system": [{"cache_control": {"type": "ephemeral", "ttl": "\u0031h"}}]}'
    found = asked(read(body), "m", MOST)
    assert found is not None
    assert found.for_an_hour
    assert asked({"messages": ['in "1h"']}, "m", MOST) == Asked(model="m", tokens=MOST)


@pytest.mark.parametrize(
    "body", [b'{"model": "dear", "model": "m"}', b'{"a": {"n": 8, "n": 1}}', b"[" * 100_000, b"7", b""]
)
def test_what_can_be_read_in_two_ways_is_not_read(body: bytes) -> None:
    assert read(body) == {}
    assert asked(read(body), "", MOST) == Asked()
    assert read(json.dumps({"model": "m"}).encode()) == {"model": "m"}
