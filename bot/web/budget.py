"""Will GitHub's limit slow us today? What was asked of it, how it was answered without a call, and what is left."""

from collections.abc import Callable, Iterable

import msgspec

from bot.web.figures import Fact
from services.metrics import READS

MEANINGS = {
    "hit": ("answered from memory", "done"),
    "coalesced": ("shared the answer of another", "done"),
    "predicted": ("known to be unchanged, no call", "done"),
    "revalidated": ("asked, unchanged: costs nothing of the limit", "running"),
    "changed": ("asked, something else by now", "needs_human"),
    "miss": ("asked for the first time", "needs_human"),
}
"""How a read was answered: in words, and the state it looks like."""
RESOURCES = {"core": 5_000, "graphql": 5_000}
"""What is left at most when nobody has said otherwise; an installation may have up to 12,500."""
Value = Callable[[str, dict[str, str]], float | None]
"""The value of a metric with these labels, None when there is none."""


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """Reads that were answered in one way; x and width in percent of the bar."""

    name: str
    meaning: str
    state: str
    count: int
    share: str
    x: float
    width: float


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an hourly budget."""

    resource: str
    left: int


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. talks: does this process talk to GitHub?"""

    talks: bool
    figures: tuple[Fact, ...]
    modes: tuple[Mode, ...]
    quotas: tuple[Quota, ...]
    more: tuple[Fact, ...]
    refused: int = 0


def budget(value: Value) -> Budget:
    """From the metrics of this process."""
    requests = value("lockstep_github_requests_total", {})
    if requests is None:
        return Budget(talks=False, figures=(), modes=(), quotas=(), more=())

    def count(name: str, **labels: str) -> int:
        return int(value(name, labels) or 0)

    reads = {mode: count("lockstep_github_reads_total", mode=mode) for mode in READS}
    refused = count("lockstep_rejected_total")
    total, saved = sum(reads.values()), count("lockstep_github_saved_total")
    left = [
        (each, value("lockstep_ratelimit_remaining", {"resource": each}))
        for each in ("core", "graphql", "search", "other")
    ]
    return Budget(
        talks=True,
        figures=(
            Fact(name="Calls made", text=f"{int(requests):,}", more="since the process began"),
            Fact(name="Charged", text=f"{count('lockstep_github_charged_total'):,}", more="count against the limit"),
            Fact(name="Reads without a call", text=f"{saved:,} of {total:,}"),
            Fact(name="Refused by GitHub", text=f"{refused:,}", hot="failed" if refused else ""),
        ),
        modes=tuple(_modes(reads, total)),
        quotas=tuple(Quota(resource=name, left=int(found)) for name, found in left if found is not None),
        more=tuple(_more(count)),
        refused=refused,
    )  # fmt: skip


def _modes(reads: dict[str, int], total: int) -> Iterable[Mode]:
    x = 0.0
    for name, (meaning, state) in MEANINGS.items():
        width = round(100 * reads[name] / total, 2) if total else 0.0
        yield Mode(
            name=name,
            meaning=meaning,
            state=state,
            count=reads[name],
            share=f"{width:.0f} %",
            x=round(x, 2),
            width=width,
        )
        x += width


def _more(count: Callable[..., int]) -> Iterable[Fact]:
    size = count("lockstep_github_cache_bytes")
    yield Fact(name="Answers in memory", text=f"{size / 1_000_000:,.1f} MB")
    yield Fact(name="Had to leave memory", text=f"{count('lockstep_github_evictions_total'):,}")
    stale = count("lockstep_github_stale_detected_total")
    yield Fact(name="Found out of date", text=f"{stale:,}", more="though no webhook had said so")
    for mode, meaning in (("primed", "put into the cache"), ("patched", "changed in the cache")):
        yield Fact(name=f"Webhooks {meaning}", text=f"{count('lockstep_github_told_total', mode=mode):,}")
