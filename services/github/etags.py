"""ETags that outlive a token: GitHub makes them of the answer *and* the credential, so ours is computed anew.

An installation's token lives for an hour; with the next one every stored ETag is worthless, and a cache would pay for
everything once an hour. But GitHub's ETag is a SHA-256 over the request's Accept, Authorization and Cookie headers,
each that is there followed by a colon, and the body. (github.com/bored-engineer/github-conditional-http-transport found
that out in 2025; GitHub documents nothing.) So the ETag that an unchanged body has *for the new token* can be computed,
here, where the token is known; it goes nowhere else.

What is undocumented may change. Every 200 is compared with what we would have computed; one difference turns prediction
off for that installation, until a hundred answers in a row were as expected. A wrong prediction costs a 200, never a
wrong answer: a 304 is only ever said to the very bytes we hold.
"""

import hashlib
from typing import Protocol

from cachetools import LRUCache
from msgspec.structs import replace

from services.github.exchange import Answer, Request, Stats

TRUSTED_AGAIN = 100
"""Answers in a row that have to be as expected before an installation's ETags are predicted again."""
MAX_HOLDERS = 4_096


class Exchanges(Protocol):
    """Whatever carries one call with its credential."""

    async def exchange(self, request: Request, secret: str) -> Answer: ...


def authorization(secret: str) -> str:
    """The header as the client sends it, letter by letter."""
    return f"bearer {secret}"


def predicted(accept: str, secret: str, body: bytes) -> str:
    """The ETag GitHub gives this body for this credential, without `W/`."""
    digest = hashlib.sha256(f"{accept}:{authorization(secret)}:".encode())
    digest.update(body)
    return f'"{digest.hexdigest()}"'


class Etags:
    """Between credential and transport: makes reads conditional in the best way there is, and watches for drift."""

    def __init__(self, transport: Exchanges, stats: Stats) -> None:
        self._transport = transport
        self._stats = stats
        self._holders: LRUCache[str, int] = LRUCache(MAX_HOLDERS)
        self._count = 0
        self._distrusted: dict[str, int] = {}

    async def exchange(self, request: Request, secret: str) -> Answer:
        if request.method != "GET" or request.is_text:  # a text comes from a store with ETags of its own
            return await self._transport.exchange(request, secret)
        holder = self._holder(secret)
        asked = self._conditional(request, secret, holder)
        answer = await self._transport.exchange(asked, secret)
        if answer.status == 200:
            self._compare(request, secret, answer)
        new = answer.status == 304 and asked.etag != "" and _bare(asked.etag) != _bare(request.etag)
        return replace(answer, holder=holder, predicted=new)

    def is_trusted(self, installation: str) -> bool:
        """Are ETags of this installation predicted now?"""
        return installation not in self._distrusted

    def _conditional(self, request: Request, secret: str, holder: int) -> Request:
        """The stored ETag while its credential lasts; then the predicted one, or the date, or the ETag after all."""
        if not request.etag or request.holder == holder:
            return replace(request, since="") if request.since else request
        if self.is_trusted(request.identity.installation):
            return replace(request, since="", etag=predicted(request.accept, secret, request.held))
        return replace(request, etag="") if request.since else request

    def _compare(self, request: Request, secret: str, answer: Answer) -> None:
        """Was this ETag made as we think?"""
        if not answer.etag:
            return
        who = request.identity.installation
        if _bare(answer.etag) != predicted(request.accept, secret, answer.body):
            self._stats.drifts += 1
            self._distrusted[who] = 0
        elif who in self._distrusted:
            self._distrusted[who] += 1
            if self._distrusted[who] >= TRUSTED_AGAIN:
                del self._distrusted[who]

    def _holder(self, secret: str) -> int:
        if secret not in self._holders:
            self._count += 1
            self._holders[secret] = self._count
        return self._holders[secret]


def _bare(etag: str) -> str:
    return etag.removeprefix("W/")
