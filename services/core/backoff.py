"""How long to wait before trying again: exponential with full jitter, capped, and counted from when GitHub asked to be
asked again: else all that it puts off together would come back together.

Full jitter (a uniform draw between nothing and the cap) spreads retries best; the source is Marc Brooker,
"Exponential Backoff And Jitter", AWS Architecture Blog, 2015. The draw is made from the key, so a decision stays a
function of its inputs.
"""

import hashlib
from datetime import timedelta

BASE = 1.0
CAP = 300.0
SPREAD = 0.1
"""Of the time that GitHub asked to wait, so much is added at most."""
OUTAGE = timedelta(minutes=5)
MOST_AGAIN = 8
"""Times that what came to nothing in an outage is done once more: within a day."""


def delay(key: str, tries: int, *, retry_after: float | None = None, base: float = BASE, cap: float = CAP) -> float:
    """Seconds until try number `tries` + 1; `tries` counts those made, from 1. They come after `retry_after` where
    GitHub gave one, the further spread the longer that is: whatever has waited for an hour is much.
    """
    ceiling = min(cap, max(base * 2.0 ** min(tries, 30), SPREAD * (retry_after or 0.0)))
    drawn = int.from_bytes(hashlib.sha256(f"{key}#{tries}".encode()).digest()[:8], "big") / 2.0**64
    return (retry_after or 0.0) + max(base / 4, drawn * ceiling)


def once_more(times: int) -> timedelta | None:
    """After how long it is done once more when an outage has let it down so many times, from 1; None: no more."""
    return OUTAGE * 2 ** (times - 1) if times <= MOST_AGAIN else None
