"""How a change is sent: with a token that can do little else, alone or with others in one call, and once.

What a change may have touched is invalidated in the cache whether it succeeded or not.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec

from services.core.admission import Rank
from services.errors import Refused
from services.github.auth import Auth
from services.github.batch import Batcher
from services.github.cache import Cache
from services.github.exchange import Answer, Identity, Request, Sender, Stats, repo_path
from services.github.known import Known
from services.github.queries import Change
from services.github.reads import Reads

Rights = tuple[tuple[str, str], ...]

TALK: Rights = (("contents", "read"), ("issues", "write"), ("pull_requests", "write"))


class Sending:
    """What all changes have in common.

    Errors: NotFound, Refused (with GitHub's text), RateLimited (nothing was done), Unreachable (look first).
    """

    def __init__(
        self,
        reads: Reads,
        sender: Sender,
        auth: Auth,
        cache: Cache,
        stats: Stats,
        batcher: Batcher | None = None,
        rank: Rank = "event",
        known: Known | None = None,
    ) -> None:
        """batcher: None makes each change by a call of its own.  rank: how urgent these changes are."""
        self._reads = reads
        self._sender = sender
        self._auth = auth
        self._cache = cache
        self._stats = stats
        self._batcher = batcher
        self._rank = rank
        self._known = known or Known()

    def ranked(self, rank: Rank) -> Self:
        """The same, more or less urgent."""
        reads = self._reads.ranked(rank)
        return type(self)(reads, self._sender, self._auth, self._cache, self._stats, self._batcher, rank, self._known)

    async def token(self, repo: str, permissions: Rights) -> str:
        """A token for git: this one repository and these permissions, good for at least ten minutes."""
        return await self._auth.token(await self._identity(repo, permissions, alone=True))

    async def _talk(self, repo: str, method: str, path: str, data: Any, *changed: str) -> Answer:
        return await self._write(repo, method, path, data, TALK, *changed)

    async def _change(
        self,
        repo: str,
        node: str,
        rights: Rights,
        change: Change,
        *changed: str,
        alone: bool = False,
        wanted: Callable[[], bool] | None = None,
    ) -> Mapping[str, Any] | None:
        """One change among others of the same call; None when it has to be made by itself, and nothing was done.

        node: the global id of what it is about, "" when that is not known.
        """
        if self._batcher is None or not node:
            return None
        identity = await self._identity(repo, rights, alone=alone)
        try:
            return await self._batcher.change(identity, self._rank, change, wanted)
        finally:
            for subject in changed:
                self._cache.wrote(repo, subject, None)

    async def _write(
        self,
        repo: str,
        method: str,
        path: str,
        data: Any,
        rights: Rights,
        *changed: str,
        alone: bool = False,
        wanted: Callable[[], bool] | None = None,
    ) -> Answer:
        body = b"" if data is None else msgspec.json.encode(data)
        identity = await self._identity(repo, rights, alone=alone)
        request = Request(method, repo_path(repo) + path, identity, body, rank=self._rank, wanted=wanted)
        self._stats.writes += 1
        at = None
        try:
            answer = await self._sender.send(request)
            at = answer.date
            return answer
        finally:
            for subject in changed:
                self._cache.wrote(repo, subject, at)

    async def _identity(self, repo: str, rights: Rights, *, alone: bool) -> Identity:
        """Alone = for this repository only; links between repositories need the whole installation. GitHub answers to a
        name that the repository had before, but gives no token for it.
        """
        found, rights = await self._reads.installation_of(repo), tuple(sorted(rights))
        if not alone:
            return Identity(found.id, (), rights)
        known = self._reads.known_name(repo)
        identity = Identity(found.id, ((known or repo).partition("/")[2],), rights)
        if known:
            return identity
        try:
            await self._auth.token(identity)
        except Refused as error:
            name = (await self._reads.repository(repo)).full_name if error.status == 422 else repo
            if name == repo:
                raise
            return Identity(found.id, (name.partition("/")[2],), rights)
        return identity
