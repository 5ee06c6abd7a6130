"""The page of one plan as values: who must act, the graph, the tasks a page at a time, evidence, history."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from bot.web.figures import Cost, Fact, cost, facts, figures
from bot.web.gantt import Gantt, coming, gantt
from bot.web.history import Past, past
from bot.web.picture import Picture, draw
from bot.web.together import Together, together
from bot.web.views import PAGE, Card, Link, Seen, TaskLine
from bot.web.walks import Walk, walks
from services.core.folding import fold
from services.core.plan import Task
from services.core.spans import Span, spans
from services.core.steps import Trail
from services.core.task_state import ENDED
from services.store.reports import Move
from services.store.runs import Told

ASKS = 10
DEEDS: dict[str, tuple[tuple[str, str], ...]] = {
    "running": (("hold", "Hold"),),
    "failed": (("hold", "Hold"),),
    "paused": (("resume", "Resume"),),
}
"""State of a run -> what can be asked of it as a whole: (command, label)."""
LOG_LINES = 12
LOG_LETTERS = 4_000
HISTORY = 50
COSTS = 30


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The end of what a task's newest attempt printed. `whole`: where all of it is."""

    task: str
    text: str
    whole: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """A choice of tasks; `chosen`: the one shown."""

    text: str
    count: int
    url: str
    chosen: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: which tasks (`open`, `finished`, `all`, or "" = our choice), a page from 1, a task,
    and history before a line of this number (0 = the newest).
    """

    show: str = ""
    page: int = 1
    task: str = ""
    before: int = 0


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the plan's text, and in which line; 0 for none."""

    line: int
    said: tuple[Span, ...]


class PlanPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. `next`: what goes on when nobody has to act."""

    card: Card
    repo: Link
    figures: tuple[Fact, ...]
    facts: tuple[str, ...]
    deeds: tuple[tuple[str, str], ...]
    problems: tuple[Mistake, ...]
    going_on: tuple[TaskLine, ...]
    picture: Picture | None
    folded: int
    lines: tuple[TaskLine, ...]
    walks: Mapping[str, Walk]
    filters: tuple[Filter, ...]
    older: str
    newer: str
    range: str
    evidence: tuple[Evidence, ...]
    time: Gantt | None
    together: tuple[Together, ...]
    costs: tuple[Cost, ...]
    advice: tuple[tuple[Span, ...], ...]
    history: tuple[Past, ...]
    earlier: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a plan's tasks that is on the page: `tasks` of all that are `chosen`, beginning at the `first`."""

    chosen: str
    page: int
    pages: int
    first: int
    total: int
    tasks: tuple[Task, ...]


def sheet(seen: Seen, asked: Asked) -> Sheet:
    """Which tasks an address shows."""
    chosen = _chosen(seen, asked)
    tasks = _tasks(seen, chosen)
    pages = max(1, -(-len(tasks) // PAGE))
    page = min(max(asked.page, 1), pages)
    wanted = next((at for at, task in enumerate(tasks) if task.id == asked.task), None)
    if wanted is not None:
        page = wanted // PAGE + 1
    first = (page - 1) * PAGE
    shown = tuple(tasks[first : first + PAGE])
    return Sheet(chosen=chosen, page=page, pages=pages, first=first, total=len(tasks), tasks=shown)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What else the store has: history, moves of the run, by task id the logs and the trails, what accounts advise."""

    history: Sequence[Told] = ()
    moves: Sequence[Move] = ()
    logs: Mapping[str, str] = msgspec.field(default_factory=dict)
    trails: Mapping[str, Trail] = msgspec.field(default_factory=dict)
    advice: Sequence[str] = ()


def plan_page(seen: Seen, part: Sheet, found: Found) -> PlanPage:
    """The page."""
    picture, folded = _picture(seen)
    url = seen.places.plan(seen.row)
    moving = [task for task in _tasks(seen, "all") if seen.tasks[task.id].state in {"running", "in_review"}][:3]
    return PlanPage(
        card=seen.card(ASKS),
        repo=seen.places.repo(seen.row.repo),
        figures=figures(seen),
        facts=facts(seen),
        deeds=DEEDS.get(seen.run.state, ()) if seen.run is not None else (),
        problems=_mistakes(seen) if seen.run is None else (),
        going_on=tuple(seen.line(task) for task in moving),
        picture=picture,
        folded=folded,
        lines=tuple(seen.line(task) for task in part.tasks),
        walks=walks(found.trails, seen.now),
        filters=_filters(seen, part.chosen),
        newer=_url(url, show=part.chosen, page=part.page - 1) if part.page > 1 else "",
        older=_url(url, show=part.chosen, page=part.page + 1) if part.page < part.pages else "",
        range=f"{part.first + 1} to {part.first + len(part.tasks)} of {part.total}" if part.pages > 1 else "",
        evidence=tuple(
            Evidence(task=task, text=last_lines(log), whole=log_of(seen, task))
            for task, log in found.logs.items()
            if log
        ),
        time=_time(seen, found.moves),
        together=together(seen),
        costs=tuple(cost(seen, each) for each in sorted(seen.spent, key=lambda each: -each.cost)[:COSTS]),
        advice=tuple(map(spans, found.advice)),
        history=tuple(past(seen, moment) for moment in found.history),
        earlier=f"{url}?before={found.history[-1].seq}#_history" if len(found.history) >= HISTORY else "",
    )


def _mistakes(seen: Seen) -> tuple[Mistake, ...]:
    return tuple(Mistake(line=each.line, said=spans(each.message)) for each in seen.row.parsed.errors)


def log_of(seen: Seen, task: str) -> str:
    """Where everything is that the task's newest attempt printed."""
    return f"{seen.places.plan(seen.row)}/log/{quote(task, safe='')}"


def _time(seen: Seen, moves: Sequence[Move]) -> Gantt | None:
    if seen.run is None or seen.plan is None:
        return None
    return gantt(
        moves,
        now=seen.now,
        ended=seen.run.finished_at,
        critical=seen.critical,
        ahead=coming(seen.plan, seen.ahead.left) if not seen.ahead.waits else {},
        urls={task: seen.url_of(task) for task in seen.tasks},
    )


def _is_open(seen: Seen, task: Task) -> bool:
    return seen.tasks[task.id].state not in ENDED


def _chosen(seen: Seen, asked: Asked) -> str:
    """Finished tasks are hidden first, but only where there are many, and not the one that was asked for."""
    if asked.show in {"open", "finished", "all"}:
        return asked.show
    total, left = len(seen.tasks), sum(task.state not in ENDED for task in seen.tasks.values())
    return "open" if total > PAGE and 0 < left < total and not asked.task else "all"


def _tasks(seen: Seen, chosen: str) -> list[Task]:
    if chosen == "all" and len(seen.tasks) <= PAGE:
        return list(seen.plan.tasks) if seen.plan is not None else []
    return [task for task in seen.ranked() if chosen == "all" or _is_open(seen, task) == (chosen == "open")]


def _filters(seen: Seen, chosen: str) -> tuple[Filter, ...]:
    """Shown where there is a choice to make."""
    total, left = len(seen.tasks), sum(task.state not in ENDED for task in seen.tasks.values())
    if total <= PAGE or left in {0, total}:
        return ()
    url = seen.places.plan(seen.row)
    counts = {"open": left, "finished": total - left, "all": total}
    return tuple(
        Filter(text=show, count=count, url=_url(url, show=show), chosen=show == chosen)
        for show, count in counts.items()
    )


def _url(base: str, *, show: str, page: int = 1) -> str:
    query = {"show": show} | ({"page": str(page)} if page > 1 else {})
    return f"{base}?{urlencode(query)}#_tasks"


def _picture(seen: Seen) -> tuple[Picture | None, int]:
    """The graph, and how many tasks stand in a box with others."""
    if seen.plan is None:
        return None, 0
    states = {task.id: task.state for task in seen.tasks.values()}
    looked_for = {task for task, state in states.items() if state in {"failed", "needs_human", "running"}}
    folded = fold(seen.plan, states, looked_for | set(seen.critical))
    notes = {
        task.id: f"{seen.words[task.state]}, attempt {task.attempt}"
        for task in seen.tasks.values()
        if task.attempt > 1 and task.state != "done"
    }
    picture = draw(folded, seen.critical, words=seen.words, notes=notes, url_of=seen.url_of)
    return picture, sum(len(box.tasks) for box in folded.boxes.values() if len(box.tasks) > 1)


def last_lines(log: str, lines: int = LOG_LINES) -> str:
    """The last lines of a log, within bounds."""
    return "\n".join(log.rstrip().splitlines()[-lines:])[-LOG_LETTERS * lines // LOG_LINES :]
