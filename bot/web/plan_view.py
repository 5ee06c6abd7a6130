"""The page of one plan as values: who must act, the graph, the tasks a page at a time, evidence, history."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from bot.web.picture import Picture, draw
from bot.web.times import clock
from bot.web.views import PAGE, RUN_STATES, Card, Seen, TaskLine
from bot.web.walks import Walk, walks
from services.core.clock import from_text
from services.core.cost import cost_in_words
from services.core.folding import fold
from services.core.forecast import end_in_words
from services.core.machine import ENDED
from services.core.plan import Problem, Task
from services.core.report import WORDS
from services.core.spans import Span, spans
from services.core.steps import Trail
from services.store.runs import Told

ASKS = 10
LOG_LINES = 16
LOG_LETTERS = 4_000
SAID = {
    "unapproved": "approval taken back",
    "delegated": "lent commands",
    "undelegated": "took back what was lent",
    "lent": "acted in another's name",
}
"""What people did to a plan as a whole."""
HAPPENED = {
    "approved": "approved",
    "approval": "approved by one of several",
    "started": "work started",
    "unblocked": "all it needs has merged",
    "pushed": "pushed a commit",
    "opened": "opened its pull request",
    "broke": "failed",
    "refused": "held for a person",
    "moved": "somebody else pushed to its branch",
    "green": "is fine again",
    "merged": "merged",
    "closed": "its pull request was closed",
    "expired": "has taken too long",
    "cancelled": "cancelled",
    "modelled": "got another model",
    "budgeted": "got another budget",
    "retried": "to be tried again",
    "skipped": "left out",
    "redone": "to be done anew",
    "ticked": "ticked as done",
    "unticked": "not ticked as done any more",
    "removed": "taken out of the plan",
}
"""Kinds of moments in words; a plan's own and unknown ones are said by their states."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The end of what a task's newest attempt printed. `whole`: where all of it is."""

    task: str
    text: str
    whole: str


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One line of history."""

    iso: str
    at: str
    task: str
    said: str
    change: str
    why: tuple[Span, ...]
    actor: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """A choice of tasks; `chosen`: the one shown."""

    text: str
    count: int
    url: str
    chosen: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: which tasks (`open`, `finished`, `all`, or "" = our choice), a page from 1, a task."""

    show: str = ""
    page: int = 1
    task: str = ""


class PlanPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. `next`: what goes on when nobody has to act."""

    card: Card
    facts: tuple[str, ...]
    problems: tuple[Problem, ...]
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
    history: tuple[Past, ...]


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


def plan_page(
    seen: Seen, part: Sheet, history: Sequence[Told], logs: Mapping[str, str], trails: Mapping[str, Trail]
) -> PlanPage:
    """The page; `logs` and `trails` by task id."""
    picture, folded = _picture(seen)
    url = seen.places.plan(seen.row)
    moving = [task for task in _tasks(seen, "all") if seen.tasks[task.id].state in {"running", "in_review"}][:3]
    return PlanPage(
        card=seen.card(ASKS),
        facts=_facts(seen),
        problems=seen.row.parsed.errors if seen.run is None else (),
        going_on=tuple(seen.line(task) for task in moving),
        picture=picture,
        folded=folded,
        lines=tuple(seen.line(task) for task in part.tasks),
        walks=walks(trails, seen.now),
        filters=_filters(seen, part.chosen),
        newer=_url(url, show=part.chosen, page=part.page - 1) if part.page > 1 else "",
        older=_url(url, show=part.chosen, page=part.page + 1) if part.page < part.pages else "",
        range=f"{part.first + 1} to {part.first + len(part.tasks)} of {part.total}" if part.pages > 1 else "",
        evidence=tuple(
            Evidence(task=task, text=_end(log), whole=f"{url}/log/{quote(task)}") for task, log in logs.items() if log
        ),
        history=tuple(_past(seen, moment) for moment in history),
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


def _facts(seen: Seen) -> tuple[str, ...]:
    """Who and what, in short."""
    facts = []
    if seen.run is not None:
        facts.append(f"started by {seen.run.actor}")
    if seen.row.is_approved or seen.run is not None:
        facts.append(f"approved by {seen.run.approver if seen.run is not None else seen.row.approved_by}")
    if seen.plan is not None:
        repos = len(seen.plan.repos)
        facts.append(f"{len(seen.plan.tasks)} tasks in {repos} {'repository' if repos == 1 else 'repositories'}")
        which = "open " if seen.run is not None and seen.ahead.path else ""
        facts.append(f"critical path {len(seen.critical)} {which}task{'s' * (len(seen.critical) != 1)}")
        end = end_in_words(seen.ahead, seen.run.state, seen.now) if seen.run is not None else ""
        if end:
            facts.append(f"expected end {end}")
        facts.append(f"version {seen.plan.hash[:12]}")
    if seen.spent:
        facts.append("models: " + cost_in_words(seen.spent).replace("**", "").rstrip("."))
    if seen.run is not None and seen.run.former:
        count = len(seen.run.former)
        facts.append(f"{count} task{'s' * (count != 1)} taken out of it")
    return tuple(facts)


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


def _end(log: str) -> str:
    """The last lines of a log, within bounds."""
    return "\n".join(log.rstrip().splitlines()[-LOG_LINES:])[-LOG_LETTERS:]


def _past(seen: Seen, moment: Told) -> Past:
    at = from_text(moment.at)
    changed = moment.before != moment.after
    words = [WORDS.get(state, state) for state in (moment.before, moment.after) if state]
    why: tuple[Span, ...]
    if moment.kind == "approved":
        said, why = "approved", (Span(text="as version "), Span(text=moment.text[:12], code=True))
    elif moment.kind in SAID:
        said, why = SAID[moment.kind], spans(moment.text)
    elif moment.kind == "adopted":
        said, why = "the edited plan was taken over", spans(moment.text)
    elif not moment.task:
        said = "run started" if moment.kind == "started" else f"run {RUN_STATES.get(moment.after, ('', ''))[1]}"
        why = spans(moment.text)
    else:
        said, why = HAPPENED.get(moment.kind, moment.kind), spans(moment.text)
    return Past(
        iso=at.isoformat(timespec="seconds"),
        at=clock(at, seen.now, seconds=True),
        task=moment.task,
        said=said,
        change=" → ".join(words) if changed and moment.task else "",
        why=why,
        actor=moment.actor,
    )
