"""What an answer of a provider says it took, whether it came whole or as a stream of events.

Every provider counts otherwise: Anthropic leaves what is cached out of the input, OpenAI and Google count it in, and in
a stream the figures come in several pieces. Here they become one `Usage`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.core.cost import Usage

Shape = Mapping[str, Any]


def usage_of(body: bytes) -> Usage | None:
    """All that was taken; None where it is not told, which figures that are all zero don't do."""
    found: Usage | None = None
    for told in _told(body):
        usage = _usage(told)
        found = usage if found is None or usage is None else _larger(found, usage)
    return found if found is not None and (found.input or found.output) else None


def _told(body: bytes) -> Iterator[Shape]:
    """The parts of an answer that speak of tokens, in their order."""
    for value in _values(body):
        if not isinstance(value, dict):
            continue
        inner = value.get("message") or value.get("response") or value
        for name in ("usage", "usageMetadata"):
            told = inner.get(name) if isinstance(inner, dict) else None
            told = told or value.get(name)
            if isinstance(told, dict):
                yield told


def _values(body: bytes) -> Iterator[object]:
    text = body.decode("utf-8", "replace")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        for line in text.splitlines():
            if line.startswith("data:"):
                try:
                    yield json.loads(line[5:])
                except (ValueError, RecursionError):
                    continue
        return
    yield from whole if isinstance(whole, list) else [whole]


def _usage(told: Shape) -> Usage | None:
    if "promptTokenCount" in told:
        return Usage(
            input=_count(told, "promptTokenCount") + _count(told, "toolUsePromptTokenCount"),
            cache_read=_count(told, "cachedContentTokenCount"),
            output=_count(told, "candidatesTokenCount") + _count(told, "thoughtsTokenCount"),
        )
    if "prompt_tokens" in told:
        details = told.get("prompt_tokens_details")
        cached = _count(details, "cached_tokens") if isinstance(details, dict) else 0
        return Usage(input=_count(told, "prompt_tokens"), cache_read=cached, output=_count(told, "completion_tokens"))
    details = told.get("input_tokens_details")
    if isinstance(details, dict) or "total_tokens" in told:
        cached = _count(details, "cached_tokens") if isinstance(details, dict) else 0
        return Usage(input=_count(told, "input_tokens"), cache_read=cached, output=_count(told, "output_tokens"))
    read, written = _count(told, "cache_read_input_tokens"), _count(told, "cache_creation_input_tokens")
    if not {"input_tokens", "output_tokens"} & told.keys():
        return None
    return Usage(
        input=_count(told, "input_tokens") + read + written,
        cache_read=read,
        cache_write=written,
        output=_count(told, "output_tokens"),
    )


def _larger(one: Usage, other: Usage) -> Usage:
    """Figures in a stream grow; those that a later piece leaves out stay."""
    return Usage(**{name: max(getattr(one, name), getattr(other, name)) for name in Usage.__struct_fields__})


def _count(told: Shape, name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) and 0 <= value < 10**9 else 0
