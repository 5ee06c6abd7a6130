"""What an answer of a provider says it took, whether it came whole or as a stream of events.

Every provider counts otherwise: Anthropic leaves what is cached out of the input, OpenAI and Google count it in, and in
a stream the figures come in several pieces. Here they become one `Usage`. Those of a stream that was cut are not
all that was taken: of an answer's length nothing may have been told but that it has begun.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from services.core.cost import Usage

Shape = Mapping[str, Any]
DONE = "[DONE]"
"""Ends the streams of OpenAI's first interface."""
ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""Those of its second one."""


class Metered(Struct, frozen=True, kw_only=True):
    """usage: None where it is not told, which figures that are all zero don't do.  is_whole: it is all that was
    taken.
    """

    usage: Usage | None
    is_whole: bool


def metered(body: bytes) -> Metered:
    """What an answer told, as far as it came."""
    text = body.decode("utf-8", "replace")
    found: Usage | None = None
    end = _End()
    try:
        whole = json.loads(text)
        values, is_whole = iter(whole if isinstance(whole, list) else [whole]), True
    except (ValueError, RecursionError):
        values, is_whole = _streamed(text), False
    for value in values:
        is_whole = is_whole or value == DONE
        if isinstance(value, dict):
            parts = list(_told(value))
            for told in parts:
                usage = _usage(told)
                found = usage if found is None or usage is None else _larger(found, usage)
            end.hear(value, counts=bool(parts))
    is_told = found is not None and bool(found.input or found.output)
    return Metered(usage=found if is_told else None, is_whole=is_told and (is_whole or end.is_heard))


class _End:
    """Has a stream told its last figures, of each of its answers? Others grow from piece to piece."""

    def __init__(self) -> None:
        self._is_last = self._has_stopped = False
        self._goes_on: dict[int, bool] = {}

    @property
    def is_heard(self) -> bool:
        return self._is_last or (bool(self._goes_on) and not any(self._goes_on.values()))

    def hear(self, value: Shape, *, counts: bool) -> None:
        """counts: the piece speaks of tokens."""
        kind, delta, feedback = (value.get(name) for name in ("type", "delta", "promptFeedback"))
        if kind == "message_stop":
            self._is_last = self._is_last or self._has_stopped
        elif kind == "message_delta":
            self._has_stopped = counts and isinstance(delta, dict) and bool(delta.get("stop_reason"))
        elif counts:
            is_blocked = isinstance(feedback, dict) and bool(feedback.get("blockReason"))
            self._is_last = self._is_last or is_blocked or kind in ENDS or value.get("choices") == []
        candidates = value.get("candidates")
        for each in candidates if isinstance(candidates, list) else []:
            if isinstance(each, dict):
                place = _count(each, "index")
                self._goes_on[place] = self._goes_on.get(place, True) and not (counts and each.get("finishReason"))


def _told(value: Shape) -> Iterator[Shape]:
    """The parts of an answer, or of a piece of one, that speak of tokens."""
    inner = value.get("message") or value.get("response") or value
    for name in ("usage", "usageMetadata"):
        told = inner.get(name) if isinstance(inner, dict) else None
        told = told or value.get(name)
        if isinstance(told, dict):
            yield told


def _streamed(text: str) -> Iterator[object]:
    for line in text.splitlines():
        if line.startswith("data:"):
            try:
                yield DONE if line[5:].strip() == DONE else json.loads(line[5:])
            except (ValueError, RecursionError):
                continue


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
    kinds = told.get("cache_creation")
    if not {"input_tokens", "output_tokens"} & told.keys():
        return None
    return Usage(
        input=_count(told, "input_tokens") + read + written,
        cache_read=read,
        cache_write=written,
        cache_write_hour=_count(kinds, "ephemeral_1h_input_tokens") if isinstance(kinds, dict) else 0,
        output=_count(told, "output_tokens"),
    )


def _larger(one: Usage, other: Usage) -> Usage:
    """Figures in a stream grow; those that a later piece leaves out stay."""
    return Usage(**{name: max(getattr(one, name), getattr(other, name)) for name in Usage.__struct_fields__})


def _count(told: Shape, name: str) -> int:
    value: Any = told.get(name)
    return math.ceil(value) if type(value) in {int, float} and 0 <= value < 10**9 else 0  # gateways write 5.0, too
