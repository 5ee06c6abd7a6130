"""The page of one task as values: why it waits, what was tried, what that came to, what it changed and what it cost."""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from bot.web.diffs import DiffLine
from bot.web.figures import Cost, Fact, cost
from bot.web.history import HAPPENED, Past, past
from bot.web.plan_view import last_lines, log_of
from bot.web.times import When, clock, when
from bot.web.views import HIDDEN, Card, Link, Seen, TaskLine
from bot.web.walks import Walk, walks
from services.core.board import Run
from services.core.chosen import Chosen
from services.core.classify import diagnose
from services.core.durations import took
from services.core.explain import explain
from services.core.explained import told as explained
from services.core.failures import CLASSES
from services.core.log_lines import Gathering
from services.core.plan import Task
from services.core.recovery import way
from services.core.spans import Span, code_spans, spans
from services.core.steps import BEGUN, BESIDE, Trail
from services.core.task_state import ENDED, SATISFIED, STUCK
from services.core.text import visible
from services.store.attempts import Record
from services.store.reports import Effect, StepRow
from services.store.runs import Told

NEWEST_LINES = 200
EARLIER_LINES = 40
PATHS = 100
OUTCOMES = ("opened", "broke", "refused", "expired", "cancelled", "skipped", "merged", "fixing", "reviewed", "retried")
"""Kinds of moments that end what an attempt has begun."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that holds the task back, `depth` needs away."""

    depth: int
    said: tuple[Span, ...]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try. chosen: which model it had, and why; steps: (name, how long); log: the end of what it printed; more: is
    there more of it?
    """

    number: int
    state: str
    word: str
    began: When | None
    lasted: str
    tries: int
    said: tuple[Span, ...]
    chosen: tuple[Span, ...]
    steps: tuple[tuple[str, str], ...]
    paths: tuple[str, ...]
    log: str
    more: bool


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What its log says is the matter: class, meaning, how sure (0 to 1), and lines (number, text) that show it."""

    cls: str
    meaning: str
    confidence: float
    lines: tuple[tuple[int, str], ...]


class RepairLine(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about failed checks."""

    cls: str
    strategy: str
    meaning: tuple[Span, ...]
    checks: str
    came: str
    state: str


class EffectLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something done outside, under its key."""

    key: str
    state: str
    tries: int
    began: str
    ended: str
    note: str


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page."""

    card: Card
    line: TaskLine
    walk: Walk | None
    deeds: tuple[tuple[str, str], ...]
    command: str
    figures: tuple[Fact, ...]
    needs: tuple[TaskLine, ...]
    needed_by: tuple[TaskLine, ...]
    waits: tuple[Wait, ...]
    trouble: Trouble | None
    attempts: tuple[Attempt, ...]
    diff: tuple[DiffLine, ...]
    files: Link | None
    repairs: tuple[RepairLine, ...]
    work: str
    whole_log: str
    effects: tuple[EffectLine, ...]
    costs: tuple[Cost, ...]
    history: tuple[Past, ...]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the store has of one task."""

    effects: Sequence[Effect] = ()
    steps: Sequence[StepRow] = ()
    history: Sequence[Told] = ()
    trail: Trail | None = None
    diff: Sequence[DiffLine] = ()
    records: Sequence[Record] = ()


def task_page(seen: Seen, task: Task, known: Known) -> TaskPage:
    """The page; the task is one of the plan's that may be named."""
    state = seen.tasks[task.id]
    attempts = _attempts(seen, known)
    found = walks({task.id: known.trail}, seen.now) if known.trail is not None else {}
    log = next((each.log for each in known.effects if each.log), "")
    return TaskPage(
        card=seen.card(0),
        line=seen.line(task),
        walk=found.get(task.id),
        command=f"/lockstep retry {task.id}" if state.state in STUCK and not seen.is_a_persons(task) else "",
        deeds=_deeds(seen, task),
        figures=_figures(seen, task),
        needs=tuple(seen.line(seen.by_id[need]) for need in task.needs if need in seen.tasks),
        needed_by=tuple(seen.line(seen.by_id[other]) for other in seen.after.get(task.id, ())),
        waits=_waits(seen, task),
        trouble=trouble_of(log) if state.state in STUCK and log else None,
        attempts=attempts,
        diff=tuple(known.diff),
        files=seen.places.files(task.repo, state.pull) if state.pull else None,
        repairs=tuple(_repairs(seen, task)),
        work=(task.run or task.prompt or task.body).strip(),
        whole_log=log_of(seen, task.id) if log else "",
        effects=tuple(_effect(seen, each) for each in known.effects),
        costs=tuple(cost(seen, each) for each in seen.spent if each.task == task.id),
        history=tuple(past(seen, line) for line in known.history),
    )


def _figures(seen: Seen, task: Task) -> tuple[Fact, ...]:
    state, line = seen.tasks[task.id], seen.line(task)
    held = "held by a person" if state.held else ""
    found = [
        Fact(name="Attempt", text=str(state.attempt) if state.attempt else "none yet", more=held),
        Fact(
            name="Time",
            text=line.time or (line.since.text.partition(" ago")[0] if line.since else "—"),
            more="" if line.time else "in this state",
        ),
        Fact(name="Agent", text=task.agent, more=state.model or task.model),
        Fact(name="Holds up", text=str(seen.holds_up(task.id)), more="tasks that are open"),
    ]
    if line.slack:
        found.append(Fact(name="May be late by", text=line.slack))
    if task.group:
        found.append(Fact(name="Group", text=task.group, more="merges together"))
    return tuple(found)


def _deeds(seen: Seen, task: Task) -> tuple[tuple[str, str], ...]:
    """What can be asked of it: (command, label)."""
    state = seen.tasks[task.id]
    if seen.run is None or seen.run.finished_at is not None or state.state in SATISFIED:
        return ()
    verbs = ["resume" if state.held else "hold"] if state.state not in ENDED else []
    verbs = ["retry", *verbs] if state.state in STUCK | {"cancelled"} else verbs
    verbs += ["skip"] if state.state == "cancelled" else ["skip", "cancel"]
    return tuple((f"{verb} {task.id}", verb.capitalize()) for verb in verbs)


def _waits(seen: Seen, task: Task) -> tuple[Wait, ...]:
    if seen.run is None:
        return ()
    return tuple(Wait(depth=min(depth, 6), said=spans(text)) for depth, text in waits_of(seen.run, task.id))


def waits_of(run: Run, task_id: str) -> list[tuple[int, str]]:
    """What holds a task back, of a run as whoever looks may see it: (how many needs away, Markdown)."""
    chain = explain(run, task_id)
    lines = explained(run, task_id, chain, {HIDDEN}).split("\n")[1:] if chain else []
    bare = [(line, line.lstrip()) for line in lines if line.strip()]
    return [((len(line) - len(text)) // 2, text.removeprefix("- ")) for line, text in bare]


def trouble_of(log: str) -> Trouble | None:
    gathering = Gathering()
    gathering.feed(log.encode(errors="replace"))
    found = diagnose(gathering.log())
    if found.cls == "unknown":
        return None
    return Trouble(
        cls=found.cls,
        meaning=CLASSES[found.cls],
        confidence=found.confidence,
        lines=tuple((each.line, each.text) for each in found.evidence[:20]),
    )


def _attempts(seen: Seen, known: Known) -> tuple[Attempt, ...]:
    """The newest first."""
    begun = {int(at): each for each in known.effects if (at := _attempt_of(each.key))}
    rows = sorted(known.steps, key=lambda row: row.attempt)
    steps = {number: list(found) for number, found in groupby(rows, lambda row: row.attempt)}
    chosen = {record.attempt: record.chosen for record in known.records}
    newest = max(begun, default=0)
    return tuple(
        _attempt(
            seen, number, begun[number], steps.get(number, []), known.history, chosen.get(number),
            NEWEST_LINES if number == newest else EARLIER_LINES,
        )
        for number in sorted(begun, reverse=True)
    )  # fmt: skip


def _attempt_of(key: str) -> int:
    """The number of the attempt that a key is of, 0 for another kind of effect."""
    parts = key.rsplit("/", 2)
    return int(parts[1]) if parts[-1] == "attempt" and parts[1].isdigit() else 0


def _attempt(
    seen: Seen,
    number: int,
    effect: Effect,
    steps: Sequence[StepRow],
    history: Sequence[Told],
    chosen: Chosen | None,
    lines: int,
) -> Attempt:
    log = effect.log.rstrip()
    came = _came(history, effect)
    state, word = ("running", "running") if effect.state != "done" else came
    end = effect.ended or seen.now
    told = [row for row in steps if row.step not in BESIDE | {BEGUN}]
    return Attempt(
        number=number,
        state=state,
        word=word,
        began=when(effect.began, seen.now),
        lasted=took((end - effect.began).total_seconds()),
        tries=effect.tries,
        said=spans(effect.note),
        chosen=spans(chosen.why) if chosen is not None else (),
        steps=tuple((row.step, took(row.seconds)) for row in told),
        paths=_paths(steps),
        log=last_lines(log, lines),
        more=log.count("\n") >= lines,
    )


def _came(history: Sequence[Told], effect: Effect) -> tuple[str, str]:
    """What the first moment after the attempt's begin says it came to."""
    began = effect.began.isoformat(timespec="microseconds")
    after = [line for line in reversed(history) if line.at >= began and line.kind in OUTCOMES]
    if not after:
        return "done", "ended"
    kind = after[0].kind
    state = {"opened": "in_review", "merged": "done"}.get(
        kind, after[0].after if after[0].after in STUCK else "cancelled"
    )
    return state, HAPPENED.get(kind, kind)


class _Committed(msgspec.Struct):
    """As far as it is shown of the step `commit`."""

    paths: tuple[str, ...] = ()


def _paths(steps: Sequence[StepRow]) -> tuple[str, ...]:
    found = [row.data for row in steps if row.step == "commit"]
    if not found:
        return ()
    try:
        return tuple(visible(path, 200) for path in msgspec.json.decode(found[-1], type=_Committed).paths[:PATHS])
    except msgspec.DecodeError:  # a newer version may have written it otherwise
        return ()


def _repairs(seen: Seen, task: Task) -> list[RepairLine]:
    states = {"worked": "done", "failed": "failed", "superseded": "skipped", "": "running"}
    return [
        RepairLine(
            cls=each.cls.replace("_", " "),
            strategy=each.strategy.replace("_", " "),
            meaning=tuple(code_spans(way(each.strategy).summary)),
            checks=visible(", ".join(each.checks), 200),
            came=each.came or "under way",
            state=states[each.came],
        )
        for each in reversed(seen.tasks[task.id].repairs)
    ]


def _effect(seen: Seen, effect: Effect) -> EffectLine:
    return EffectLine(
        key=effect.key,
        state=effect.state,
        tries=effect.tries,
        began=clock(effect.began, seen.now, seconds=True),
        ended=clock(effect.ended, seen.now, seconds=True) if effect.ended is not None else "",
        note=visible(effect.note, 300),
    )
