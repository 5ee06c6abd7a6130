"""What the bot posts on GitHub of its own accord: tracking issues, pull requests, commits. Calm, short, specific.

Everything else that people read lies beside it, a theme a file: answers of commands, refusals, why a task stands still,
what check runs say. The comments that are kept up to date have files of their own (plan_comment.py, pull_comment.py),
and so has each long answer (explained.py, simulated.py and their like). Handlers and the engine hold no sentence.

Foreign text goes through text.code or text.plain without exception; a marker tells the bot its own things again.
`hidden` names the repositories that must not be mentioned where a text is going, because whoever reads it there may
not see them: private ones, in a public repository.
"""

import itertools
from collections.abc import Iterable, Sequence

from services.core.board import Run
from services.core.elsewhere import COPILOT
from services.core.names import marker, without_marks
from services.core.plan import Task
from services.core.task_state import TaskState
from services.core.text import code, plain, title

FOOT = "<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>"
MADE = "<sub>Made by Lockstep; the plan's issue shows how far everything is.</sub>"

NONE: frozenset[str] = frozenset()
ROOM = 25_000
"""Characters of one part of a body, so that all of it stays within GitHub's 65,536."""
NAMED = 100
"""Needs that one line names."""


def issue_title(task: Task) -> str:
    """Issue titles are not Markdown, but a mention or closing keyword in one must stay dead all the same."""
    return title(task.title)


def issue_body(run: Run, task: Task, key: str, hidden: frozenset[str] = NONE, more: str = "") -> str:
    """more: what the repository's own settings add; Markdown of those who can merge there, without marks of ours."""
    lines = [
        f"Task {code(task.id)} of {plan_place(run, hidden)}.",
        "",
        f"- **Needs:** {named(run, task.needs, hidden) or 'nothing'}",
        f"- **Agent:** {code(task.agent)}",
        f"- **Started by:** {code(run.actor)}",
    ]
    if task.body:
        lines += ["", *_quoted(task.body)]
    if task.agent == COPILOT:  # whoever it is assigned to reads nothing else
        lines += ["", *_quoted(task.prompt)] if task.prompt else []
        lines += ["", f"Has to succeed afterwards: {code(task.verify, 300)}"] if task.verify else []
    if more:
        lines += ["", without_marks(more)]
    return "\n".join([*lines, "", MADE, marker(key)])


def part_issue(run: Run, part: int, parts: int, key: str) -> tuple[str, str]:
    """Title and body of an issue between a large plan's own and the tracking issues of a hundred of its tasks."""
    body = f"Part {part} of {parts} of the plan in {run.repo}#{run.number}; its sub-issues are the tasks."
    return f"Part {part} of {parts}: {title(run.plan.title, 150)}", "\n".join([body, "", MADE, marker(key)])


def pull_title(task: Task) -> str:
    return issue_title(task)


def pull_body(run: Run, task: Task, state: TaskState, key: str, hidden: frozenset[str] = NONE) -> str:
    """Says where it comes from and what it needs; `Depends-On` lines are read by other tools too."""
    place = plan_place(run, hidden)
    lines = [f"Task {code(task.id)} of {place}, approved by a person and carried out by {code(task.agent)}."]
    if state.issue:
        lines += ["", f"Closes #{state.issue}"]
    depends = [
        f"Depends-On: {run.plan.by_id[need].repo}#{run.tasks[need].pull}"
        for need in task.needs
        if run.tasks[need].pull and run.plan.by_id[need].repo not in hidden
    ]
    if depends:
        lines += ["", *_fitting(depends)]
    return "\n".join([*lines, "", MADE, marker(key)])


def revert_title(task: Task) -> str:
    return f"Revert: {issue_title(task)}"[:250]


def revert_body(run: Run, task: Task, key: str, hidden: frozenset[str] = NONE) -> str:
    """The pull requests that have to be merged before it are those that take back what needs the task."""
    state = run.tasks[task.id]
    after = [each for each in run.plan.tasks if task.id in each.needs and each.repo not in hidden]
    depends = [f"Depends-On: {each.repo}#{number}" for each in after if (number := run.tasks[each.id].revert) > 0]
    lines = [f"Takes back #{state.pull}, task {code(task.id)} of {plan_place(run, hidden)}."]
    if depends:
        lines += ["", "What needs it goes first:", "", *_fitting(depends)]
    return "\n".join([*lines, "", MADE, marker(key)])


def commit_message(run: Run, task: Task, hidden: frozenset[str] = NONE) -> str:
    """Subject and trailers; git reads no markup, but GitHub reads closing keywords in commit messages too."""
    place = "" if run.repo in hidden else f"Plan: {run.repo}#{run.number}\n"
    return f"{issue_title(task)[:100]}\n\n{place}Task: {task.id}\n"


def withdrawn(run: Run, key: str, hidden: frozenset[str] = NONE, *, pull: int = 0) -> str:
    """Why a tracking issue is closed though nothing was done; `pull`: its pull request, where that stays open."""
    lines = [f"This task was taken out of {plan_place(run, hidden)}, so it is not planned any more."]
    if pull:
        lines.append(f"Its pull request #{pull} stays open, because it holds somebody else's work.")
    return "\n".join([*lines, "", MADE, marker(key)])


def plan_place(run: Run, hidden: frozenset[str]) -> str:
    """`the plan in owner/name#1`, or no more than that there is one."""
    return "a plan" if run.repo in hidden else f"the plan in {run.repo}#{run.number}"


def named(run: Run, needs: Iterable[str], hidden: frozenset[str]) -> str:
    """These tasks in one line; of those in hidden repositories only that there are some. "" for none at all."""
    wanted = tuple(needs)
    shown = [code(need) for need in wanted if run.plan.by_id[need].repo not in hidden]
    more = [f"{len(shown) - NAMED} more"] if len(shown) > NAMED else []
    return ", ".join([*shown[:NAMED], *more, *(["work elsewhere"] if len(shown) < len(wanted) else [])])


def _quoted(text: str) -> list[str]:
    return _fitting([f"> {plain(line, 1000)}" for line in text.splitlines()[:40]])


def _fitting(lines: Sequence[str]) -> list[str]:
    """As many of them as there is room for."""
    ends = itertools.accumulate(len(line) + 1 for line in lines)
    return [line for line, end in zip(lines, ends, strict=True) if end <= ROOM]
