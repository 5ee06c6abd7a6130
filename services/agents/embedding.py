"""An embedder of the operator's own: a second opinion on which past tasks are like a new one.

Nothing needs it, and none is set by default. It only puts in another order what the words have found, so it is asked
about few texts, each once. Whatever is wrong with it (away, slow, odd) leaves the words' order as it is. It speaks as
OpenAI's `/embeddings` does, which servers for models on one's own machine do, too.
"""

import asyncio
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Protocol

import aiohttp
import structlog
from cachetools import LRUCache

from services.agents.models import Way
from services.core.similar import Match, reordered
from services.trust import trusted

Vector = tuple[float, ...]
LONGEST = 8_000_000
"""Bytes of one answer."""
TEXT = 2_000
"""Characters of one text."""
SECONDS = 5.0
KEPT = 2_000
"""Vectors that are remembered."""

log = structlog.get_logger(__name__)


_ODD = (aiohttp.ClientError, OSError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError)
"""What asking it can end with, and what an answer that is none can do to whoever reads it."""


class Embedder(Protocol):
    """Puts past tasks in the order of how like a text they are; as they were when it can't."""

    async def order(self, asked: str, found: Sequence[Match], /) -> list[Match]: ...


class RemoteEmbedder:
    """One model at one address."""

    def __init__(self, way: Way, model: str) -> None:
        self._way, self._model = way, model
        self._known: LRUCache[bytes, Vector] = LRUCache(KEPT)

    async def order(self, asked: str, found: Sequence[Match], /) -> list[Match]:
        if len(found) < 2:
            return list(found)
        texts = [asked[:TEXT], *(_text(match)[:TEXT] for match in found)]
        try:
            vectors = await self._vectors(texts)
            return reordered(found, [_cosine(vectors[0], each) for each in vectors[1:]])
        except _ODD as error:
            log.warning("no_embeddings", error=type(error).__name__)
            return list(found)

    async def _vectors(self, texts: Sequence[str]) -> list[Vector]:
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts]
        found = {key: self._known[key] for key in keys if key in self._known}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if new:
            made = dict(zip(new, await self._asked(list(new.values())), strict=True))
            self._known.update(made)
            found |= made
        return [found[key] for key in keys]

    async def _asked(self, texts: Sequence[str]) -> list[Vector]:
        headers = {"authorization": f"Bearer {self._way.key}"} if self._way.key else {}
        connector = aiohttp.TCPConnector(ssl=trusted("embeddings", self._way.ca))
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(
                f"{self._way.url.rstrip('/')}/embeddings",
                json={"model": self._model, "input": list(texts)},
                headers=headers,
                proxy=self._way.proxy or None,
                allow_redirects=False,
            ) as response,
        ):
            response.raise_for_status()
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > LONGEST:
                    raise ValueError("the answer is too long")
        return await asyncio.to_thread(_read, bytes(body), len(texts))


def _read(body: bytes, count: int) -> list[Vector]:
    """The vectors in the order of what was asked; ValueError for anything else."""
    rows = json.loads(body)["data"]
    vectors = {int(row["index"]): tuple(map(float, row["embedding"])) for row in rows}
    found = [vectors[place] for place in range(count)]
    if len(set(map(len, found))) != 1 or not all(math.isfinite(each) for vector in found for each in vector):
        raise ValueError("these are no vectors of one kind")
    return found


def _text(match: Match) -> str:
    return " ".join((match.past.title, *match.past.paths))


def _cosine(one: Vector, other: Vector) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0
