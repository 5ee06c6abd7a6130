"""What broke and what came of repairing it: always so many of so many, as a share of few says nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.web.charts import Chart, Series
from bot.web.figures import Fact
from bot.web.times import When, when
from bot.web.views import Places
from services.core.clock import from_text
from services.core.failures import CLASSES
from services.core.recovery import summaries
from services.core.spans import Span, code_spans
from services.core.text import visible
from services.core.troublespots import Failed, Pattern, patterns
from services.store.reports import Repaired

DAYS = 30
SIGNATURES = 20
SPAN = timedelta(days=60)
"""In which attempts that failed alike are looked for; a trend compares its halves."""
LOOKS = {"worked": "done", "failed": "failed", "superseded": "skipped", "": "running"}
MEANINGS: dict[str, str] = {str(name): said for table in (CLASSES, summaries()) for name, said in table.items()}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Repairs of one kind: how many worked, failed, or are still open or overtaken."""

    name: str
    meaning: tuple[Span, ...]
    total: int
    worked: int
    failed: int
    other: int


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One repair."""

    plan: str
    plan_url: str
    task: str
    url: str
    cls: str
    strategy: str
    came: str
    state: str
    when: When | None


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that failed alike. trend: `more`, `fewer`, `the same`, or "" while they are too few to tell."""

    repo: str
    who: str
    what: str
    count: int
    share: str
    trend: str


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. signatures: failures that came more than once, the most frequent first.

    patterns: attempts that failed alike in one repository, with one agent and model.
    """

    figures: tuple[Fact, ...]
    classes: tuple[Tally, ...]
    strategies: tuple[Tally, ...]
    signatures: tuple[Tally, ...]
    newest: tuple[Repair, ...]
    patterns: tuple[Again, ...]
    chart: Chart | None


def failures(
    counted: Sequence[Repaired],
    newest: Sequence[Repaired],
    places: Places,
    now: datetime,
    failed: Sequence[Failed] = (),
) -> Failures:
    """From repairs that are counted, the newest one by one, and attempts that failed."""
    classes = _tallies(counted, lambda each: each.cls)
    return Failures(
        figures=_figures(counted),
        classes=classes,
        strategies=_tallies(counted, lambda each: each.strategy),
        signatures=tuple(
            each for each in _tallies(counted, lambda each: each.signature) if each.name and each.total > 1
        )[:SIGNATURES],
        newest=tuple(_repair(each, places, now) for each in newest),
        patterns=tuple(map(_again, patterns(failed, now, SPAN))),
        chart=_chart(classes) if counted else None,
    )


def _again(each: Pattern) -> Again:
    return Again(
        repo=each.repo,
        who=f"{each.agent} with {each.model}" if each.model else each.agent,
        what=visible(_in_words(each.signature), 200),
        count=each.count,
        share=f"{each.share:.0%}",
        trend=each.trend,
    )


def _figures(counted: Sequence[Repaired]) -> tuple[Fact, ...]:
    total = sum(each.count for each in counted)
    came: Counter[str] = Counter()
    for each in counted:
        came[each.outcome] += each.count
    known = came["worked"] + came["failed"]
    return (
        Fact(name="Repairs begun", text=f"{total:,}", more=f"in {DAYS} days"),
        Fact(name="Worked", text=f"{came['worked']:,} of {known:,}", more="of those that are decided"),
        Fact(name="Under way", text=f"{came['']:,}"),
        Fact(name="Overtaken", text=f"{came['superseded']:,}", more="something else came first"),
    )


def _tallies(counted: Sequence[Repaired], key: Callable[[Repaired], str]) -> tuple[Tally, ...]:
    found: dict[str, Counter[str]] = {}
    for each in counted:
        found.setdefault(key(each), Counter())[each.outcome] += each.count
    ranked = sorted(found, key=lambda name: (-sum(found[name].values()), name))
    return tuple(_tally(name, found[name]) for name in ranked)


def _tally(name: str, counts: Counter[str]) -> Tally:
    total = sum(counts.values())
    worked, failed = counts["worked"], counts["failed"]
    return Tally(
        name=visible(name.replace("_", " ") if name in MEANINGS else _in_words(name), 200),
        meaning=tuple(code_spans(MEANINGS.get(name, ""))),
        total=total,
        worked=worked,
        failed=failed,
        other=total - worked - failed,
    )


def _in_words(signature: str) -> str:
    """With its class as people write it."""
    cls, colon, rest = signature.partition(": ")
    return f"{cls.replace('_', ' ')}{colon}{rest}" if cls in CLASSES else signature


def _repair(each: Repaired, places: Places, now: datetime) -> Repair:
    repo, _, number = each.plan_id.rpartition("#")
    return Repair(
        plan=each.plan_id,
        plan_url=places.plan_of(each.plan_id),
        task=each.task,
        url=places.task(repo, int(number), each.task) if number.isdigit() else "",
        cls=each.cls.replace("_", " "),
        strategy=each.strategy.replace("_", " "),
        came=each.outcome or "under way",
        state=LOOKS.get(each.outcome, "skipped"),
        when=when(from_text(each.at), now),
    )


def _chart(classes: Sequence[Tally]) -> Chart:
    top = classes[:12]
    return Chart(
        name="Repairs by class of failure",
        labels=tuple(each.name for each in top),
        series=(
            Series(name="worked", values=tuple(each.worked for each in top), colour="done"),
            Series(name="failed", values=tuple(each.failed for each in top), colour="failed"),
            Series(name="open or overtaken", values=tuple(each.other for each in top), colour="skipped"),
        ),
    )
