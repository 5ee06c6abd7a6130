"""What holds a pull request of a person's back: its own checks and reviews, and what it names with `Depends-On`,
followed over all repositories to what somebody can act on.

Values in, Markdown out. Nothing is told here of what lies where readers may not look: whoever makes the steps leaves
it out.
"""

from collections.abc import Collection, Sequence

import msgspec

from services.core.board import Run
from services.core.depends import MENDED, SAYS, Need, State, around
from services.core.explain import Link, of_pull
from services.core.explained import line
from services.core.gate import PullFact
from services.core.messages import plan_place
from services.core.text import code

MOST = 40
"""Lines of one chain."""
NOT_THEIRS = frozenset({"base", "frozen", "checks_none"})
"""What keeps Lockstep from merging, and no person."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One pull request on the way. depth: how many needs away from the one that is asked about, 0 for that itself;
    state: as the gate says it; own: what holds it back itself.

    task: what it does of which plan, in words, and chain: what holds that back; both "" for a pull request of nobody's
    plan.  again: it was told of above.  elsewhere: not here, what holds it back.
    """

    need: Need
    depth: int = 0
    state: State = "open"
    own: tuple[Link, ...] = ()
    task: str = ""
    chain: str = ""
    again: bool = False
    elsewhere: bool = False


def own_of(repo: str, fact: PullFact, *, needs: bool) -> tuple[Link, ...]:
    """What holds a person's pull request back besides its needs. needs: there are some that have not merged."""
    found = [_persons(link) for link in of_pull("", repo, fact) if link.kind not in NOT_THEIRS]
    if not found and not needs:
        found = [Link(task="", kind="mergeable", who="write", where=repo)]
    return tuple(found)


def of_plan(run: Run, task: str, hidden: Collection[str]) -> str:
    """What a task's pull request is."""
    return f"task {code(task)} of {plan_place(run, frozenset(hidden))}"


def _persons(link: Link) -> Link:
    """No task can be tried again, and its branch is its author's."""
    kind, who = ("outdated", "write") if link.kind == "behind" else (link.kind, link.who)
    return msgspec.structs.replace(link, kind=kind, who=who, command="")


def told(steps: Sequence[Step], circle: Sequence[str] = (), *, unread: int = 0) -> str:
    """The whole answer. steps: the one that is asked about, then its needs, each before its own; circle: the places of
    those that need each other; unread: needs that nobody looked at.
    """
    first, *rest = steps
    head = f"{code(first.need.place)} {_STANDS.get(first.state, 'is open')}."
    lines = [line(link, depth=0) for link in first.own]
    for place, step in enumerate(rest, 1):
        lines += _lines(step, leads_on=any(after.depth > step.depth for after in rest[place : place + 1]))
    if circle:
        lines.append(f"- {around(circle)}")
    missing = len(lines) - MOST
    lines = [*lines[:MOST], *([f"- … and {missing} more lines"] if missing > 0 else [])]
    if unread:
        needs = "one more need was" if unread == 1 else f"{unread} more needs were"
        lines.append(f"- … and {needs} not looked at — `/lockstep explain` on what names them does")
    return "\n".join([head, "", *lines]) if lines else head


_STANDS: dict[State, str] = {
    "merged": "has merged, so nothing holds it back",
    "closed": "is closed; whoever has the write permission there can open it again",
}


def _lines(step: Step, *, leads_on: bool) -> list[str]:
    """leads_on: what it needs in turn follows."""
    indent = "  " * (step.depth - 1)
    doing = f", {step.task}," if step.task else ","
    said = f"{indent}- needs {code(step.need.place)}{doing} which {SAYS[step.state]}"
    if step.again:
        return [f"{said}, as said above"]
    if step.state not in MENDED:
        return [f"{said} — the author of what names it can correct the description"]
    below = [line(link, depth=step.depth) for link in step.own]
    below += [f"{indent}  {each}" for each in step.chain.splitlines()]
    if step.elsewhere:
        return [f"{said} — `/lockstep explain` there says why"]
    return [f"{said}:", *below] if below or leads_on else [said]
