"""All repositories that running plans work in: which one is stuck, or unlike the rest?"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from bot.web.times import When, when
from bot.web.views import HIDDEN, Link, Places
from services.core.board import Run
from services.core.task_state import ENDED, STUCK
from services.store.plans import PlanRow

PAGE = 50


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """A task that holds a repository up."""

    id: str
    url: str
    state: str
    word: str


class RepoLine(msgspec.Struct, frozen=True, kw_only=True):
    """One repository. oldest: since when its oldest open task has stood as it does; plans: how many work in it."""

    repo: Link
    counts: Counter[str]
    open: int
    plans: int
    oldest: When | None
    stuck: tuple[Stuck, ...]


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """Repositories, those that need a look first; first: number of the first one shown."""

    lines: tuple[RepoLine, ...]
    total: int
    counts: Counter[str]
    page: int
    pages: int


class _Tally:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.plans: set[str] = set()
        self.oldest: datetime | None = None
        self.stuck: list[Stuck] = []


def fleet(
    plans: Sequence[tuple[PlanRow, Run | None]], places: Places, now: datetime, page: int = 1, only: str = ""
) -> Fleet:
    """Of the plans that run. only: repositories whose names hold this."""
    found: dict[str, _Tally] = {}
    for row, run in plans:
        if run is not None:
            _count(found, row, run, places)
    wanted = only.lower()
    chosen = {repo: tally for repo, tally in found.items() if wanted in repo.lower() and repo != HIDDEN}
    ranked = sorted(chosen, key=lambda repo: _rank(repo, chosen[repo]))
    pages = max(1, -(-len(ranked) // PAGE))
    page = min(max(page, 1), pages)
    total: Counter[str] = Counter()
    for tally in chosen.values():
        total.update(tally.counts)
    shown = ranked[(page - 1) * PAGE : page * PAGE]
    return Fleet(
        lines=tuple(_line(repo, chosen[repo], places, now) for repo in shown),
        total=len(ranked),
        counts=total,
        page=page,
        pages=pages,
    )


def _count(found: dict[str, _Tally], row: PlanRow, run: Run, places: Places) -> None:
    for task in run.plan.tasks:
        state = run.tasks[task.id]
        tally = found.get(task.repo)
        if tally is None:
            tally = found[task.repo] = _Tally()
        tally.counts[state.state] += 1
        tally.plans.add(row.id)
        if state.state in ENDED:
            continue
        if (
            state.state != "blocked"
            and state.since is not None
            and (tally.oldest is None or state.since < tally.oldest)
        ):
            tally.oldest = state.since
        if state.state in STUCK:
            url = places.task(row.repo, row.number, task.id)
            tally.stuck.append(Stuck(id=task.id, url=url, state=state.state, word=state.state.replace("_", " ")))


def _rank(repo: str, tally: _Tally) -> tuple[int, int, str]:
    return -len(tally.stuck), -sum(tally.counts.values()), repo.lower()


def _line(repo: str, tally: _Tally, places: Places, now: datetime) -> RepoLine:
    return RepoLine(
        repo=places.repo(repo),
        counts=tally.counts,
        open=sum(count for state, count in tally.counts.items() if state not in ENDED),
        plans=len(tally.plans),
        oldest=when(tally.oldest, now),
        stuck=tuple(tally.stuck[:4]),
    )
