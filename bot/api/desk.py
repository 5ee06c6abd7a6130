"""What the endpoints ask: the store, and the few things of this process that are not in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.giving import Giving
from bot.web.access import Access
from services.core.clock import Clock
from services.engine.shown import Shown
from services.metrics import Metrics
from services.store import access as kept
from services.store.gaps import Gaps
from services.store.inbox import Inbox
from services.store.recoveries import Recoveries
from services.store.reports import Reports
from services.store.requests import Requests


@dataclass(frozen=True, kw_only=True)
class Desk:
    """figures: counts of what GitHub was asked, by this process; None where it asks nothing."""

    shown: Shown
    reports: Reports
    requests: Requests
    gaps: Gaps
    inbox: Inbox
    giving: Giving
    access: Access
    tokens: kept.Access
    clock: Clock
    repairs: Recoveries
    metrics: Metrics
    figures: Callable[[], Mapping[str, int]] | None = None
