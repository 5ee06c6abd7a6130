"""What is looked at while it soaks, and how growth is told from noise."""

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import aiohttp
import msgspec

LAG = re.compile(r"^lockstep_inbox_oldest_seconds (\S+)$", re.MULTILINE)
WAITING = re.compile(r"^lockstep_inbox_waiting (\S+)$", re.MULTILINE)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """at: seconds since the beginning; life: the how many-th process; lag: age of the oldest delivery that waits."""

    at: float
    life: int
    rss_mb: float
    files: int
    lag: float
    waiting: int


async def sample(session: aiohttp.ClientSession, url: str, pid: int, at: float, life: int) -> Sample | None:
    """One look; None when the process is not there, or too busy to say."""
    try:
        async with session.get(f"{url}/metrics", timeout=aiohttp.ClientTimeout(total=10)) as answer:
            said = await answer.text()
        status, files = _process(pid)
    except (OSError, aiohttp.ClientError, TimeoutError):
        return None
    lag, waiting = LAG.search(said), WAITING.search(said)
    rss = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if lag is None or waiting is None or rss is None:
        return None
    return Sample(
        at=at, life=life, rss_mb=round(int(rss[1]) / 1024, 1), files=files, lag=float(lag[1]),
        waiting=int(float(waiting[1])),
    )  # fmt: skip


def _process(pid: int) -> tuple[str, int]:
    """What the kernel says of it, and how many files it has open."""
    place = Path(f"/proc/{pid}")
    return (place / "status").read_text(), len(list((place / "fd").iterdir()))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs of points (Theil and Sen): what one peak can't bend."""
    slopes = [
        (there - here) / (later - before)
        for number, (before, here) in enumerate(points)
        for later, there in points[number + 1 :]
        if later > before
    ]
    return median(slopes) if slopes else 0.0
