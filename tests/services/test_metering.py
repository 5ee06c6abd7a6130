"""What answers of providers say they took, whole and as streams."""

import json

import pytest

from services.agents.metering import Metered, metered
from services.agents.rows import objects, read_aider, read_claude, read_codex, read_gemini, read_opencode
from services.core.cost import Usage

START = b'event: message_start\ndata: {"type": "message_start", "message": {"usage": {"input_tokens": 10, "output_tokens": 1}}}\n\n'

STOP = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
FIRST = (
    b'data: {"candidates": [{"index": 0, "content": {}}, {"index": 1, "content": {}}]}\n\n'
    b'data: {"candidates": [{"index": 0, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3}}\n\n'
)
"""Of two answers."""


@pytest.mark.parametrize(
    ("body", "usage", "is_whole"),
    [
        (b'{"usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 3}}',
         Usage(input=17, cache_read=5, cache_write=2, output=3), True),
        (b'{"usage": {"input_tokens": 10, "cache_creation_input_tokens": 7, "cache_creation": {"ephemeral_1h_input_tokens": 5}, "output_tokens": 3}}',
         Usage(input=17, cache_write=7, cache_write_hour=5, output=3), True),
        (START, Usage(input=10, output=1), False),
        (START + b'data: {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 20}}\n\n', Usage(input=10, output=20), False),
        (START + b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}\n\ndata: {"type": "message_stop"}\n\n',
         Usage(input=10, output=1), False),
        (START + b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 40}}\n\n',
         Usage(input=10, output=40), False),
        (START + b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 40}}\n\n' + STOP,
         Usage(input=10, output=40), True),
        (START + STOP, Usage(input=10, output=1), False),
        (FIRST, Usage(input=10, output=3), False),
        (FIRST + b'data: {"candidates": [{"index": 1, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 9}}\n\n',
         Usage(input=10, output=9), True),
        (b'data: {"candidates": [{"finishReason": "STOP"}, 7]}\n\ndata: {"usageMetadata": {"promptTokenCount": 10}}\n\n',
         Usage(input=10), False),
        (b'{"usage": {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}}',
         Usage(input=10, cache_read=4, output=3), True),
        (b'data: {"choices": []}\n\ndata: {"usage": {"prompt_tokens": 10, "completion_tokens": 3}}\n\ndata: [DONE]\n\n',
         Usage(input=10, output=3), True),
        (b'data: {"choices": [{}], "usage": {"prompt_tokens": 10, "completion_tokens": 3}}\n\n', Usage(input=10, output=3), False),
        (b'data: {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 3}}\n\n', Usage(input=10, output=3), True),
        (b'data: {"choices": []}\n\ndata: [DONE]\n\n', None, False),
        (b'data: {"type": "response.in_progress", "response": {"usage": {"input_tokens": 10, "output_tokens": 3, "total_tokens": 13}}}\n\n',
         Usage(input=10, output=3), False),
        ((b'data: {"type": "response.completed", "response": {"usage": {"input_tokens": 10, "input_tokens_details": '
         b'{"cached_tokens": 4}, "output_tokens": 3, "total_tokens": 13}}}\n\n'), Usage(input=10, cache_read=4, output=3), True),
        ((b'data: {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 1}}\n\n'
         b'data: {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2}}\n\n'),
         Usage(input=10, output=5), False),
        (b'data: {"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3}}\n\n',
         Usage(input=10, output=3), True),
        (b'data: {"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"promptTokenCount": 10}}\n\n', Usage(input=10), True),
        (b'data: {"candidates": 7, "usageMetadata": {"promptTokenCount": 10}}\n\n', Usage(input=10), False),
        (b'[{"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3}}]', Usage(input=10, output=3), True),
        (b'{"choices": []}', None, False),
        (b'data: {"half', None, False),
        (b'', None, False),
        (b'data: ' + b'[' * 200_000, None, False),
        (b'{"usage": {"prompt_tokens": -5, "completion_tokens": "many"}}', None, False),
        (b'{"usage": 7}', None, False),
        (b'{"usage": {"prompt_tokens": 5000.0, "completion_tokens": 2.5, "prompt_tokens_details": {"cached_tokens": true}}}',
         Usage(input=5000, output=3), True),
        (b'{"usage": {"prompt_tokens": NaN, "completion_tokens": 1e999}}', None, False),
    ],
)  # fmt: skip
def test_what_was_taken(body: bytes, usage: Usage | None, is_whole: bool) -> None:
    assert metered(body) == Metered(usage=usage, is_whole=is_whole)


def test_what_programs_print_otherwise_is_no_success() -> None:
    assert read_claude("no JSON at all").is_error
    assert read_claude('{"type": "result", "is_error": true, "result": "Limit"}').is_error
    assert read_gemini("noise").is_error
    assert read_gemini('{"error": {"message": "quota"}}').is_error
    assert read_codex('{"type": "error", "message": "x"}').is_error
    assert read_opencode('{"type": "error"}').is_error
    assert read_opencode('{"type": "step_finish", "part": {"cost": "NaN", "tokens": []}}').cost == 0
    assert read_aider("Nothing was done.").usage is None
    assert read_aider(
        "Tokens: 1.2k sent, 3.4k cache hit, 50 received. Cost: $0.0004 message, $0.01 session."
    ).usage == Usage(input=1_200, output=50)


def test_objects_are_found_between_lines() -> None:
    text = 'noise {"a": 0}\n{"a": 1}\nmore {\n{"b": {\n"c": 2}}\n{broken\n{"d": 3}'
    assert list(objects(text)) == [{"a": 1}, {"b": {"c": 2}}, {"d": 3}]
    assert list(objects("")) == list(objects("no")) == list(objects("{")) == []
    assert list(objects('{"a": 1}')) == [{"a": 1}]
    assert list(objects('{"a":\n' * 5_000)) == []


def test_figures_that_add_up_to_what_nobody_pays_are_not_believed() -> None:
    step = {"type": "step_finish", "part": {"cost": 999_999, "tokens": {"input": 10**9 - 1, "output": 10**9 - 1}}}
    said = read_opencode("\n".join([json.dumps(step)] * 10))
    assert (said.cost, said.usage) == (None, Usage(input=10**9, output=10**9))
    turn = json.dumps({"type": "turn.completed", "usage": {"input_tokens": 10**9 - 1, "output_tokens": 1}})
    assert read_codex("\n".join([turn] * 10)).usage == Usage(input=10**9, output=10)
    stats = {"models": {name: {"tokens": {"prompt": 10**9 - 1, "cached": 10**9 - 1}} for name in "abc"}}
    assert read_gemini(json.dumps({"stats": stats})).usage == Usage(input=10**9, cache_read=10**9)
    line = "Tokens: 999999M sent, 50 received. Cost: $1 message, $1000000 session."
    assert read_aider(line).usage == Usage(input=10**9, output=50)
    assert read_aider(line).cost is None
    assert read_claude('{"type": "result", "total_cost_usd": 1e6}').cost is None
