"""A chain of explain.py in words: what holds a task back, who can act, and the command to copy.

`hidden` names repositories that must not be mentioned where the text is going: of what lies there it only says that
there is some.
"""

from collections.abc import Collection, Sequence

from services.core.board import Run
from services.core.explain import Link, Who
from services.core.places import Lane
from services.core.report import ICONS, WORDS
from services.core.task_state import STUCK
from services.core.text import code

MOST = 40
"""Lines of one chain; of a longer one only what can be acted on is shown."""
NONE: frozenset[str] = frozenset()


def told(run: Run, task_id: str, chain: Sequence[Link], hidden: Collection[str] = NONE) -> str:
    """The whole answer about one task, as Markdown of ours."""
    task, spec = run.tasks[task_id], run.plan.by_id[task_id]
    place = f" ({spec.repo}#{task.pull})" if task.pull else f" ({spec.repo})"
    place = "" if spec.repo in hidden else place
    head = f"{ICONS[task.state]} {code(task_id)}{place} {_state(task.state)}"
    if not chain:
        return f"{head}. Nothing holds it back."
    shown = list(chain)
    if len(shown) > MOST:
        ends = [link for link in shown if link.who]
        between = len({link.task for link in shown if not link.who})
        lines = [_line(run, link, hidden, depth=0, named=True) for link in ends[:MOST]]
        lines += [f"- … and {len(ends) - MOST} more"] if len(ends) > MOST else []
        return "\n".join([f"{head}. {between} tasks stand between it and what can be acted on:", "", *lines])
    return "\n".join([f"{head}.", "", *(_line(run, link, hidden, depth=link.depth) for link in shown)])


def ended_by(ends: Sequence[str], run: Run) -> str:
    """The ends of a blocked task's chain in a few words, for its row."""
    return ", ".join(f"{code(each)} ({WORDS[run.tasks[each].state]})" for each in ends)


def _state(state: str) -> str:
    said = WORDS[state]
    return said if state in STUCK else f"is {said}"


def _line(run: Run, link: Link, hidden: Collection[str], *, depth: int, named: bool = False) -> str:
    if run.plan.by_id[link.task].repo in hidden:
        said = "needs work elsewhere" if not link.who else "waits there"
        return f"{'  ' * depth}- {said}"
    return line(link, depth=depth, about=f"{code(link.task)} " if named else "", hidden=hidden)


def line(link: Link, *, depth: int, about: str = "", hidden: Collection[str] = NONE) -> str:
    """One link as a bullet. about: what comes first."""
    said = f"{'  ' * depth}- {about}{_says(link)}"
    if not link.who or link.kind in {"deadline", "overridden", "overlaps"}:
        return said
    command = f": `{link.command}`" if link.command else ""
    return f"{said} — {_acts(link.who, link, hidden)}{command}"


def _acts(who: Who, link: Link, hidden: Collection[str]) -> str:
    if who == "lockstep":
        return "Lockstep goes on by itself" if not link.command else "Lockstep goes on by itself, or sooner with"
    where = "its repository" if link.where in hidden else link.where
    if who == "agent":
        return "it goes on when that ends"
    if who == "checks":
        return f"the checks of {where} have to end"
    if who == "reviewers":
        return "they can approve it, or their reviews can be dismissed"
    return f"whoever has the {who} permission on {where}"


def _says(link: Link) -> str:
    if link.kind in {"need", "above", "member", "below"}:
        place = f" ({link.names[0]})" if link.names else f" ({link.where})"
        again = ", as said above" if link.kind == "above" else ":"
        how = {"member": "its group waits for", "below": "is stacked on"}.get(link.kind, "needs")
        return f"{how} {code(link.task)}{place}, which {_state(link.text)}{again}"
    if link.kind == "lane":
        return f"is {'to be tried again' if link.text else 'ready'}, and no place is free {_lane(link.names)}"
    if link.kind == "apart":
        return f"is ready, and {code(link.names[0])} goes first, because both may change {code(link.text, 100)}"
    if link.kind == "overlaps":
        both = f"both change {code(link.text, 100)}"
        return f"of it and {code(link.names[0])}, the one that merges second may conflict: {both}"
    names = ", ".join(code(name) for name in link.names[:5])
    if len(link.names) > 5:
        names += f" and {len(link.names) - 5} more"
    reason = f": {link.text}" if link.text else ""
    until = f"{link.at:%Y-%m-%d %H:%M} UTC" if link.at is not None else ""
    return _SAYS[link.kind].format(
        names=names, reason=reason, until=until, bound=f", until {until} at most" if until else "", text=link.text,
        after=f", not before {until}" if until else "",
    )  # fmt: skip


def _lane(lane: Lane | Sequence[str]) -> str:
    kind, name = lane[0], lane[1]
    if kind in {"total", "run"}:
        return "(`LOCKSTEP_WORKERS`)"
    if kind == "group":
        return f"in its group {code(name.partition(' ')[2])}"
    return f"{_IN[kind]} {code(name)}"


_IN = {"installation": "for", "repo": "in", "agent": "for the agent"}
_SAYS = {
    "paused": "the whole run is held",
    "held": "is held",
    "untracked": "its tracking issue is being made",
    "turn": "is ready, and starts when its turn comes{after}",
    "braked": "is ready, and nothing begins in {names} until fewer attempts there wait for their next try",
    "settling": "needs nothing more",
    "works": "attempt {text} is running with {names}{bound}",
    "failed": "it did not work{reason}",
    "needs_human": "somebody has to decide{reason}",
    "theirs": "{text}",
    "cancelled": "was cancelled",
    "gone": "its pull request can't be seen any more",
    "closed": "its pull request was closed without merging",
    "moved": "somebody else pushed {text} to its branch; look at it and merge it, or delete the branch and retry",
    "base": "was turned to the branch {names}, which nobody approved; turn it back, or merge it by hand",
    "label": "is held by the label do-not-merge/hold",
    "draft": "is a draft; it has to be marked ready for review",
    "conflict": "conflicts with its base branch",
    "checks_failed": "check {names} failed",
    "checks_pending": "waits for check {names}",
    "checks_starting": "waits for its checks to start",
    "checks_overdue": "no check has begun on it; close it and open it again, push to it, or set `checks: none`",
    "checks_none": "no checks will come; add a workflow, or set `checks: none` in .github/lockstep.yml",
    "checks_rest": "waits for the rest of its checks",
    "objections": "changes were requested by {names}",
    "protected": "waits for a review or a required check",
    "frozen": "{text}",
    "behind": "is behind its base branch, which takes only what is up to date; it is brought up to that in its turn",
    "merging": "nothing is missing, and it is merged next{reason}",
    "waits": "its pull request is being looked at{reason}",
    "repairing": "{text}",
    "grouped": "{text}",
    "overridden": "{text}",
    "outdated": "is behind its base branch, which takes only what is up to date",
    "mergeable": "nothing is missing, and it can be merged",
    "deadline": "a person is told on {until} if it still waits then",
}
