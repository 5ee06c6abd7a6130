"""The GitHub client: reads through a cache, writes with keys, one transport seam.

A read goes facade -> cache -> shared flight -> (batcher ->) governor -> credential -> transport; a write goes (batcher
->) governor -> credential -> transport. Each layer is a `Sender`. A call waits in the governor, so the credential is
attached after the wait.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from services.core.admission import Limits
from services.core.clock import Clock
from services.github.auth import Auth
from services.github.batch import MOST, Batcher
from services.github.cache import DEFAULT_BYTES, Cache
from services.github.client import GITHUB, Transport
from services.github.delivery_log import DeliveryLog
from services.github.entries import Shelf
from services.github.etags import Etags
from services.github.exchange import Sender, Stats, Timers, Watches
from services.github.governor import Governor
from services.github.hearing import Hearing
from services.github.infos import AppInfo, CheckInfo, CommentInfo, Installation, IssueInfo, PullInfo, RepoInfo
from services.github.lifetimes import SECONDS
from services.github.person import Person
from services.github.reads import Reads
from services.github.wire import DEFAULT, Network
from services.github.writes import Writes

__all__ = [
    "GITHUB",
    "AppInfo",
    "CheckInfo",
    "CommentInfo",
    "GitHub",
    "Installation",
    "IssueInfo",
    "Network",
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
        cache_seconds: Mapping[str, int] = SECONDS,
        shelf: Shelf | None = None,
        timeout: float = 30.0,
        network: Network = DEFAULT,
        transport: Transport | None = None,
        timers: Timers | None = None,
        limits: Limits | None = None,
        batch: int = MOST,
        write_batch: int = 20,
    ) -> None:
        """base_url: of the API.  private_key: PEM text (UserError if unreadable).  timeout: seconds for one call.

        network: how the servers are reached.  transport: what carries the calls, if it is to be another one than HTTP.
        cache_seconds: how long answers last, by kind.  shelf: where their bodies outlive the
        process, and the count of what was made within the hour.
        timers: None sends everything at once and by itself.  batch, write_batch: look-ups and changes that share a
        call; 0: none do.
        """
        self._clock = clock
        self.transport = transport or Transport(base_url, timeout=timeout, network=network)
        self.stats = self.transport.stats
        self.etags = Etags(self.transport, self.stats)
        self.auth = Auth(self.etags, app_id, private_key, clock)
        sender: Sender = self.auth
        self.governor: Governor | None = None
        limits = limits or Limits()
        if timers is not None:
            sender = self.governor = Governor(
                self.auth, clock, timers, limits, self.stats, shelf, fetch=self.auth.token
            )
        self.cache = Cache(
            sender,
            clock,
            self.stats,
            enabled=cache_enabled,
            max_bytes=cache_bytes,
            seconds=cache_seconds,
            shelf=shelf,
        )
        self.batcher: Batcher | None = None
        if timers is not None and cache_enabled and batch:
            self.batcher = Batcher(
                sender, clock, timers, self.stats, lookups=batch, changes=min(write_batch, limits.at_once)
            )
        self.reads = Reads(self.cache, self.batcher)
        self.deliveries = DeliveryLog(sender)
        self._hearing = Hearing(self.cache, self.reads, clock)
        changes = self.batcher if write_batch else None
        self.writes = Writes(self.reads, sender, self.auth, self.cache, self.stats, changes)

    def watched_by(self, watch: Watches) -> None:
        """Tell this what the limits do."""
        for layer in (self.governor, self.batcher):
            if layer is not None:
                layer.watch = watch

    def writes_while(self, may: Callable[[], bool]) -> None:
        """Send nothing that changes anything unless this holds in that very moment (Withdrawn)."""
        self.auth.may_write = may

    def person(self, token: str) -> Person:
        """Whoever gave this token, under the same rule."""
        return Person(self.transport, token, self._clock, lambda: self.auth.may_write())  # noqa: PLW0108 - set later

    def invalidate(self, repo: str, subject: str = "") -> None:
        """A webhook said that this changed; subjects are described in `cache`."""
        self.cache.invalidate(repo, subject)

    def doubt_all(self) -> None:
        """What was said of changes may have been missed."""
        self.cache.doubt_all()

    def inherit(self, shards: Iterable[int]) -> None:
        """We go on with these shards where another process has stopped just now."""
        self.cache.inherit(shards)

    def hear(self, repo: str, told: bytes) -> Collection[str]:
        """A webhook told this (`hearing.Told` as JSON); the subjects that need not be invalidated any more."""
        return self._hearing.hear(repo, told)

    @property
    def figures(self) -> dict[str, int]:
        """What reading costs and saves, by the words of the metrics; `writes` and `bytes` too."""
        stats = self.stats
        return {
            "hit": stats.hits,
            "miss": stats.misses,
            "revalidated": stats.revalidated,
            "predicted": stats.predicted,
            "changed": stats.changed,
            "coalesced": stats.coalesced,
            "primed": stats.primed,
            "patched": stats.patched,
            "skip": stats.skipped,
            "requests": stats.requests,
            "writes": stats.writes,
            "charged": stats.charged,
            "saved": stats.saved,
            "stale_detected": stats.stale,
            "etag_drift": stats.drifts,
            "evictions": stats.evictions,
            "bytes": self.cache.size,
        }

    async def close(self) -> None:
        await self.transport.close()
