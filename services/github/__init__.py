"""The GitHub client: reads through a cache, writes with keys, one transport seam.

A read goes facade -> cache -> shared flight -> (batcher ->) governor -> credential -> transport; a write goes (batcher
->) governor -> credential -> transport. Each layer is a `Sender`. A call waits in the governor, so the credential is
attached after the wait.
"""

from services.core.admission import Limits
from services.core.clock import Clock
from services.github.auth import Auth
from services.github.batch import MOST, Batcher
from services.github.cache import DEFAULT_BYTES, Cache
from services.github.client import GITHUB, Transport
from services.github.exchange import Sender, Stats, Timers, Watches
from services.github.governor import Governor
from services.github.infos import AppInfo, CheckInfo, CommentInfo, Installation, IssueInfo, PullInfo, RepoInfo
from services.github.reads import Reads
from services.github.writes import Writes

__all__ = [
    "GITHUB",
    "AppInfo",
    "CheckInfo",
    "CommentInfo",
    "GitHub",
    "Installation",
    "IssueInfo",
    "PullInfo",
    "Reads",
    "RepoInfo",
    "Stats",
    "Writes",
]


class GitHub:
    """One App on one GitHub. `reads` and `writes` are what the engine uses; `stats` counts what they cost."""

    def __init__(
        self,
        base_url: str,
        app_id: str,
        private_key: str,
        clock: Clock,
        *,
        cache_enabled: bool = True,
        cache_bytes: int = DEFAULT_BYTES,
        timeout: float = 30.0,
        transport: Transport | None = None,
        timers: Timers | None = None,
        limits: Limits | None = None,
        batch: int = MOST,
        write_batch: int = 20,
    ) -> None:
        """base_url: of the API.  private_key: PEM text (UserError if unreadable).  timeout: seconds for one call.

        transport: what carries the calls, when it is to be another one than HTTP.  timers: None sends everything at
        once and by itself.  batch, write_batch: look-ups and changes that share a call; 0: none do.
        """
        self.transport = transport or Transport(base_url, timeout=timeout)
        self.stats = self.transport.stats
        self.auth = Auth(self.transport, app_id, private_key, clock)
        sender: Sender = self.auth
        self.governor: Governor | None = None
        if timers is not None:
            sender = self.governor = Governor(self.auth, clock, timers, limits or Limits(), self.stats)
        self.cache = Cache(sender, clock, self.stats, enabled=cache_enabled, max_bytes=cache_bytes)
        self.batcher: Batcher | None = None
        if timers is not None and cache_enabled and batch:
            self.batcher = Batcher(sender, clock, timers, self.stats, lookups=batch, changes=write_batch)
        self.reads = Reads(self.cache, self.batcher)
        changes = self.batcher if write_batch else None
        self.writes = Writes(self.reads, sender, self.auth, self.cache, self.stats, changes)

    def watched_by(self, watch: Watches) -> None:
        """Tell this what the limits do."""
        for layer in (self.governor, self.batcher):
            if layer is not None:
                layer.watch = watch

    def invalidate(self, repo: str, subject: str = "") -> None:
        """A webhook said that this changed; subjects are described in `cache`."""
        self.cache.invalidate(repo, subject)

    async def close(self) -> None:
        await self.transport.close()
