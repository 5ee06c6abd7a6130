"""What a model has answered an agent's own program in this attempt, for the case that a crash cuts it off.

Such a program can't go on where it was: it begins anew, on fresh files. But as long as it asks what it asked before, it
hears what it heard before, and nobody pays for that again. What it asks is known by the conversation so far, of which
every letter of the model's own turns counts, and not by what its tools came to: no two runs print the same times.
"""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from services.agents import Journal

MOST = 5_000_000
"""Bytes that are kept of one attempt; later answers are not. All of it is one blob, which has to fit however badly it
packs.
"""
FRAME = 32
"""Bytes beside what an answer says, at most."""
OWN = frozenset({"metadata", "client_metadata", "prompt_cache_key", "safety_identifier", "user"})
"""Names for one run of a program, which the next one does not bear."""
RESULTS = frozenset(
    {"tool_result", "function_call_output", "custom_tool_call_output", "local_shell_call_output", "tool"}
)
"""What says that something is what a tool came to, as a type or as a role."""
TOLD = frozenset({"content", "output", "response"})
"""Where that stands."""
DEEPEST = 60


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer. key: of the request."""

    key: str
    kind: str
    body: bytes


class Answers:
    """Of one attempt. journal: where they are kept."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._kept: list[Answer] = []
        self._left: dict[str, list[Answer]] = defaultdict(list)
        self._keeping = asyncio.Lock()

    async def load(self) -> None:
        """What an earlier try has heard; what can't be read counts as nothing."""
        data = await self._journal.load() if self._journal is not None else None
        try:
            self._kept = msgspec.msgpack.decode(data, type=list[Answer]) if data else []
        except msgspec.DecodeError:
            return
        for each in self._kept:
            self._left[each.key].append(each)

    def again(self, key: str) -> Answer | None:
        """The next one that was heard to this; each is given once."""
        left = self._left.get(key)
        return left.pop(0) if left else None

    async def keep(self, key: str, kind: str, body: bytes) -> None:
        """What the program has just heard. Superseded: the attempt is over."""
        answer = Answer(key=key, kind=kind, body=body)
        if self._journal is None or sum(map(_size, [*self._kept, answer])) > MOST:
            return
        self._kept.append(answer)
        async with self._keeping:  # or what was kept last may be what was known before
            await self._journal.keep(msgspec.msgpack.encode(self._kept), len(self._kept))


def key_of(path: str, told: Mapping[str, Any]) -> str:
    """What is asked, without what differs between two runs that do the same."""
    asked = {name: _same(value, 0) for name, value in told.items() if name not in OWN}
    return hashlib.sha256(json.dumps([path, asked], sort_keys=True).encode()).hexdigest()


def _size(answer: Answer) -> int:
    return len(answer.key) + len(answer.kind) + len(answer.body) + FRAME


def _same(value: object, depth: int) -> object:
    if depth > DEEPEST:
        return None
    if isinstance(value, list):
        return [_same(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    is_result = value.get("type") in RESULTS or value.get("role") in RESULTS
    hidden = TOLD if is_result else frozenset({"functionResponse"})
    return {name: _same(each, depth + 1) for name, each in value.items() if name not in hidden}
