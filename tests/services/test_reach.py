"""Requests by which a provider would go somewhere for the box, and those that are only words."""

from typing import Any

import pytest

from services.agents.reach import is_dearer, reaches_out

ASKED = [{"role": "user", "content": "See https://example.com"}]


@pytest.mark.parametrize(
    "told",
    [
        {"mcp_servers": [{"type": "url", "url": "https://evil.example"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
        {"tools": [{"type": "mcp", "server_url": "https://evil.example"}]},
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"functionDeclarations": [], "urlContext": {}}]},
        {"tools": ["web"]},
        {"web_search_options": {"search_context_size": "low"}},
        {"messages": [{"content": [{"type": "image", "source": {"type": "url", "url": "https://evil.example/?q"}}]}]},
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "http://evil.example"}}]}]},
        {"input": [{"content": [{"type": "input_image", "image_url": "https://evil.example"}]}]},
        {"contents": [{"parts": [{"fileData": {"fileUri": "https://evil.example"}}]}]},
        {"messages": [{"content": [{"type": "tool_result", "content": [{"source": {"url": "//evil.example"}}]}]}]},
    ],
)
def test_nobody_goes_anywhere_for_it(told: dict[str, Any]) -> None:
    assert reaches_out({"model": "m", **told})


@pytest.mark.parametrize(
    "told",
    [
        {"messages": ASKED},
        {"tools": [{"name": "read", "input_schema": {"properties": {"url": {"type": "string", "default": "x"}}}}]},
        {"tools": [{"type": "bash_20250124", "name": "bash"}, {"type": "custom", "name": "x"}]},
        {"tools": [{"type": "function", "function": {"name": "read", "parameters": {}}}, {"type": "local_shell"}]},
        {"tools": [{"functionDeclarations": [{"name": "read"}]}]},
        {"messages": [{"content": [{"type": "tool_use", "input": {"url": "https://example.com"}}]}]},
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]},
        {"input": [{"type": "function_call", "arguments": '{"url": "https://example.com"}'}]},
    ],
)
def test_words_and_own_tools_are_let_through(told: dict[str, Any]) -> None:
    assert not reaches_out({"model": "m", **told})


def test_what_is_nested_without_end_is_not_looked_through() -> None:
    deep: Any = []
    for _ in range(60):
        deep = [deep]
    assert reaches_out({"messages": deep})


@pytest.mark.parametrize(
    ("told", "dearer"),
    [
        ({}, False),
        ({"service_tier": "auto", "speed": None}, False),
        ({"service_tier": "flex", "speed": "standard", "inference_geo": "global"}, False),
        ({"service_tier": "priority"}, True),
        ({"service_tier": ["auto"]}, True),
        ({"speed": "fast"}, True),
        ({"inference_geo": "us"}, True),
    ],
)
def test_what_is_sold_at_more_than_the_price_of_the_list_is_known(told: dict[str, Any], dearer: bool) -> None:
    assert is_dearer({"model": "m", **told}) is dearer
