"""The dashboard of an owner: one issue that shows the plans of all its repositories, with check boxes for commands.

A box is one whole line, and counts only as exactly the line that we write for it. Whoever ticks it needs the permission
that the command needs, in the repository of that plan and at that moment. It stays below GitHub's 65,536 characters
whatever there is to show: what is too much is left out, each time saying how much is missing.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from services.core.board import Run
from services.core.explain import ends
from services.core.names import marker
from services.core.plan_comment import REASON, first_that_fits
from services.core.report import WORDS, progress_in_words
from services.core.targets import is_with_a_person
from services.core.task_state import STUCK, TaskState
from services.core.text import code, cut, plain

TITLE = "Lockstep: all plans"
KEY = "fleet/dashboard"
COUNTS = (100, 40, 15, 5, 0)
WAITS = 3
"""Tasks that are named for each plan."""
VERBS = {
    "hold": "Hold",
    "resume": "Go on with",
    "retry": "Try again what failed in",
    "refresh": "Look anew at",
}
_LINE = re.compile(
    r"- \[(?P<tick>[ xX])\] (?P<rest><!-- lockstep:fleet=(?P<verb>[a-z]+)/"
    r"(?P<repo>[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100})#(?P<number>[1-9]\d{0,8}) -->.*)"
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with its newest run. problems: that keep it from being approved."""

    repo: str
    number: int
    title: str
    run: Run | None = None
    is_approved: bool = False
    problems: int = 0

    @property
    def place(self) -> str:
        return f"{self.repo}#{self.number}"


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A command for a plan."""

    verb: str
    repo: str
    number: int

    def __str__(self) -> str:
        """The line as we write it, not ticked."""
        place = f"{self.repo}#{self.number}"
        return f"- [ ] <!-- lockstep:fleet={self.verb}/{place} -->{VERBS[self.verb]} {place} · `/lockstep {self.verb}`"


def ticked(body: str, before: str) -> tuple[Box, ...]:
    """The boxes that are ticked and were not `before`, each once, in order."""
    was = {str(box) for box, is_ticked in _boxes(before) if not is_ticked}
    return tuple(dict.fromkeys(box for box, is_ticked in _boxes(body) if is_ticked and str(box) in was))


def _boxes(body: str) -> Iterator[tuple[Box, bool]]:
    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match["verb"] not in VERBS:
            continue
        box = Box(verb=match["verb"], repo=match["repo"], number=int(match["number"]))
        if str(box) == f"- [ ] {match['rest']}":
            yield box, match["tick"] != " "


def body(owner: str, plans: Sequence[Shown], *, hidden: int = 0) -> str:
    """The issue's text. hidden: plans that must not be mentioned where it stands."""
    return first_that_fits(_body(owner, plans, hidden, count) for count in COUNTS)


def _body(owner: str, plans: Sequence[Shown], hidden: int, count: int) -> str:
    going = [plan for plan in plans if plan.run is not None and plan.run.finished_at is None]
    waiting = [plan for plan in plans if plan.run is None]
    stuck = [
        f"- {plan.place} {code(task.id)} ({_place(plan.run, task)}): {cut(task.reason, REASON) or WORDS[task.state]}"
        for plan in going
        if plan.run is not None
        for task in plan.run.tasks.values()
        if task.state in STUCK
    ]
    lines = [f"All plans of {code(owner)} that are under way, over all its repositories.", ""]
    lines += _section("Needs a person", stuck, count)
    lines += _section("Under way", [line for plan in going for line in _going(plan)], count, each=2)
    lines += _section("Not started", [_waiting(plan) for plan in waiting], count)
    boxes = [str(box) for plan in going for box in _offered(plan)]
    lines += _section("Do", boxes, count)
    if not plans:
        lines += ["Nothing is under way.", ""]
    if hidden:
        lines += [f"{hidden} more in private repositories, which are not shown here.", ""]
    return "\n".join([*lines, FOOT, marker(f"{KEY}/{owner.lower()}")])


FOOT = "<sub>Lockstep keeps this up to date. A tick is a command of whoever ticks, with the permission it needs.</sub>"


def _section(title: str, lines: Sequence[str], count: int, *, each: int = 1) -> list[str]:
    """each: lines that belong together."""
    if not lines:
        return []
    missing = len(lines) // each - count
    return [f"### {title}", "", *lines[: count * each], *([f"- … and {missing} more"] if missing > 0 else []), ""]


def _going(plan: Shown) -> list[str]:
    run = plan.run
    if run is None:
        return []
    waits = list(_waits(run))
    more = f" and {len(waits) - WAITS} more" if len(waits) > WAITS else ""
    said = f"waits on {'; '.join(waits[:WAITS])}{more}" if waits else "nothing is waited for"
    state = "stopped" if run.state == "failed" else run.state  # as its own comment says
    return [f"- {plan.place} {plain(plan.title, 80)}: **{state}**, {progress_in_words(run)}", f"  - {said}"]


def _waits(run: Run) -> Iterator[str]:
    """What the run waits on: the ends of all chains."""
    at_ends = dict.fromkeys(each for chain in ends(run).values() for each in chain)
    moving = [task.id for task in run.tasks.values() if task.state in {"ready", "running", "in_review"} | STUCK]
    for task_id in dict.fromkeys([*at_ends, *moving]):
        task = run.tasks[task_id]
        reason = f": {cut(task.reason, 120)}" if task.reason else ""
        yield f"{code(task_id)} ({_place(run, task)}, {WORDS[task.state]}{reason})"


def _place(run: Run | None, task: TaskState) -> str:
    repo = run.plan.by_id[task.id].repo if run is not None else ""
    number = task.pull or task.issue
    return f"{repo}#{number}" if number else repo


def _waiting(plan: Shown) -> str:
    said = "waits for `/lockstep run`" if plan.is_approved else "waits for an approval"
    if plan.problems:
        said = f"can't be run yet: {plan.problems} problem{'s' * (plan.problems != 1)}"
    return f"- {plan.place} {plain(plan.title, 80)}: {said}"


def _offered(plan: Shown) -> Iterator[Box]:
    run = plan.run
    if run is None:
        return
    verbs = ["resume" if run.state == "paused" else "hold"] if run.state in {"running", "paused"} else []
    again = any(task.state in STUCK and not is_with_a_person(run, task.id) for task in run.tasks.values())
    verbs += ["retry"] if again else []
    for verb in (*verbs, "refresh"):
        yield Box(verb=verb, repo=plan.repo, number=plan.number)
