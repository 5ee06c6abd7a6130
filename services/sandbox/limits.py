"""The primary rate limit: a budget an hour for each installation or person, in the buckets core, search and graphql.

A conditional request answered 304 is given back; `GET /rate_limit` is free. The secondary limit has no counters a
client could read, so it is not counted but put in as a fault (faults.py).
"""

from datetime import datetime

import msgspec

from services.sandbox.auth import Principal
from services.sandbox.clock import stamp
from services.sandbox.kernel import Json, Problem

HOUR = 3600
BUDGETS = {"core": 5_000, "search": 30, "graphql": 5_000}
WINDOWS = {"core": HOUR, "search": 60, "graphql": HOUR}
ANONYMOUS = {"core": 60, "search": 10, "graphql": 0}


class Bucket(msgspec.Struct):
    """`used` since the window began; `reset` in epoch seconds."""

    used: int = 0
    reset: int = 0


def bucket_of(path: str) -> str:
    """Which budget a path is charged to."""
    if path in {"/graphql", "/api/graphql"}:
        return "graphql"
    return "search" if path.startswith("/search/") else "core"


class Limits:
    """`budgets` may be lowered by a test.

    Anonymous callers are free here, since a whole team may sit behind one address.
    """

    def __init__(self) -> None:
        self.budgets = dict(BUDGETS)
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def spend(self, who: Principal, now: datetime, path: str, cost: int = 1) -> None:
        """Charge a request; 403 when the budget is used up."""
        name = bucket_of(path)
        key = identity(who)
        if not key or path == "/rate_limit":
            return
        bucket = self._bucket(key, name, now)
        if bucket.used + cost > self.budgets[name]:
            help_text = f"If you reach out to GitHub Support for help, please include the timestamp {stamp(now)}."
            raise Problem(403, f"API rate limit exceeded for {_spoken(who)}. {help_text}")
        bucket.used += cost

    def refund(self, who: Principal, path: str = "") -> None:
        """Give one back: the answer was 304."""
        bucket = self._buckets.get((identity(who), bucket_of(path)))
        if bucket is not None and bucket.used:
            bucket.used -= 1

    def headers(self, who: Principal, now: datetime, path: str) -> dict[str, str]:
        """The five x-ratelimit headers of every answer."""
        name = bucket_of(path)
        row = self.row(who, now, name)
        return {
            "x-ratelimit-limit": str(row["limit"]),
            "x-ratelimit-remaining": str(row["remaining"]),
            "x-ratelimit-reset": str(row["reset"]),
            "x-ratelimit-used": str(row["used"]),
            "x-ratelimit-resource": name,
        }

    def row(self, who: Principal, now: datetime, name: str) -> dict[str, Json]:
        """limit, remaining, reset and used of one bucket, as `/rate_limit` shows them."""
        key = identity(who)
        limit = self.budgets[name] if key else ANONYMOUS[name]
        bucket = self._bucket(key, name, now) if key else Bucket(reset=int(now.timestamp()) + WINDOWS[name])
        return {"limit": limit, "remaining": max(0, limit - bucket.used), "reset": bucket.reset, "used": bucket.used}

    def _bucket(self, key: str, name: str, now: datetime) -> Bucket:
        bucket = self._buckets.get((key, name))
        if bucket is None:
            bucket = self._buckets[key, name] = Bucket()
        seconds = int(now.timestamp())
        if bucket.reset <= seconds:
            bucket.used, bucket.reset = 0, seconds + WINDOWS[name]
        return bucket


def identity(who: Principal) -> str:
    """Whose budget it is; "" for nobody's."""
    if who.installation is not None:
        return f"installation {who.installation.id}"
    if who.app is not None:
        return f"app {who.app.id}"
    return f"user {who.login}" if who.login else ""


def _spoken(who: Principal) -> str:
    return f"installation ID {who.installation.id}" if who.installation is not None else f"user ID {who.login}"
