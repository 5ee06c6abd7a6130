"""What a program asks of a provider, and what that can come to: what nobody here could bound is not asked.

A bound goes by several names and in two spellings, and of what stands twice one provider takes the first and another
the last. So the dearest reading counts, and nothing may stand twice.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from services.agents.reach import is_dearer, lies_elsewhere, reaches_out

TOKENS = {"anthropic": 128_000, "openai": 128_000, "google": 65_536}
"""Of an answer, at most, where the request does not say."""
CHOICES = 8
"""Answers that one request may ask for."""
_BOUNDS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
_CHOICES = ("n", "best_of", "candidateCount", "candidate_count")
_CONFIGS = ("generationConfig", "generation_config")


class Asked(Struct, frozen=True, kw_only=True):
    """model: that the request names; tokens: of all its answers, at most; for_an_hour: so long may its input be
    cached.
    """

    model: str = ""
    tokens: int = 0
    for_an_hour: bool = False


def read(body: bytes) -> dict[str, Any]:
    """What is asked; nothing where that can't be read."""
    try:
        told = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def asked(told: Mapping[str, Any], model: str, most: int) -> Asked | None:
    """What it comes to; None where it may not be sent. model: that the path names; most: of one answer's tokens."""
    if not told:
        return Asked()
    if reaches_out(told) or lies_elsewhere(told) or is_dearer(told):
        return None
    choices = list(_given(told, _CHOICES))
    if any(not isinstance(each, int) or each > CHOICES for each in choices):
        return None
    bounds = [each if type(each) is int and each > 0 else most for each in _given(told, _BOUNDS)]
    tokens = min(max(bounds, default=most), most) * max([1, *choices])
    return Asked(model=model or str(told.get("model", "")), tokens=tokens, for_an_hour=_has(told, "1h"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _given(told: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Any]:
    """What is said by one of the names, in the request or in its part for that."""
    for place in (told, *(told.get(name) for name in _CONFIGS)):
        if isinstance(place, dict):
            yield from (place[name] for name in names if place.get(name) is not None)


def _has(told: Mapping[str, Any], word: str) -> bool:
    """Does the word stand anywhere by itself?"""
    left: list[object] = [told]
    while left:
        value = left.pop()
        if value == word:
            return True
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
    return False
