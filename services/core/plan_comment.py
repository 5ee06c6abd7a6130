"""The one comment on a plan issue: what the plan is, where each task stands, what comes next.

It must stay readable, and below GitHub's 65,536 characters, with one task and with a thousand, whatever they ended
with and whatever was answered. What is too much is left out step by step, each time saying how much is missing: the
graph first, then rows of the table, finished tasks before the rest, then answers, the oldest first.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from services.core import boxes, graph, groups, hand_over, plan_changes
from services.core.board import Run
from services.core.chosen import Chosen
from services.core.chosen import listed as models_listed
from services.core.durations import lasting
from services.core.explain import ends
from services.core.explained import ended_by
from services.core.failures import Diagnosis
from services.core.forecast import Forecast, end_in_words, lengths_in_words, slack_in_words
from services.core.messages import FOOT
from services.core.names import STICKY
from services.core.overlap import Rivals
from services.core.plan import Parsed, Plan, Task
from services.core.plan_relations import RELATIONS
from services.core.report import ICONS, WORDS, progress_in_words, wishes
from services.core.targets import is_with_a_person
from services.core.task_state import SATISFIED, STUCK, TaskState
from services.core.text import code, cut, plain

LIMIT = 60_000
NO_FORECAST = Forecast()
NOTHING_FOUND: Mapping[str, Diagnosis] = MappingProxyType({})
NOTHING_CHOSEN: Mapping[str, Chosen] = MappingProxyType({})
GRAPH_TASKS = 60
GRAPH_BOXES = 40
"""Repositories that a graph of more tasks has boxes for."""
ROWS = 200
REASON = 300
FEW_ROWS = 20
"""Rows that stay until the answers have been shortened."""
ANSWER = 4_000
"""Characters of an answer, once there is no room for all of it."""
PROBLEMS = 20
CANCELLED = 5
"""Cancelled tasks that are named in the advice to retry them."""


def broken(parsed: Parsed, answers: Sequence[str] = (), file: str = "", drafting: str = "") -> str:
    """The comment for a text that does not read as a plan: each problem with its line and its fix. drafting: what there
    is to say of a model's draft.
    """
    errors = parsed.errors
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    lines = [
        "### This plan can't be run yet",
        "",
        f"I found {count}. Edit {_where(file)} and I look again; nothing has been started.",
        "",
    ]
    listed = [f"- {_place(problem.line)}{problem.message}" for problem in errors[:PROBLEMS]]
    more = [drafting, ""] if drafting else []
    return first_that_fits(
        _join([*lines, *_up_to(listed, shown, len(errors)), "", *more], said)
        for shown, said in _less(len(listed), 1, answers)
    )


def _where(file: str) -> str:
    if file == RELATIONS:
        return "the issue and its sub-issues"
    return code(file) if file else "the issue"


def _place(line: int) -> str:
    return f"**Line {line}:** " if line else ""


def render(
    plan: Plan,
    warnings: Sequence[str],
    *,
    approved_by: str,
    run: Run | None,
    answers: Sequence[str] = (),
    edited: bool = False,
    before: Plan | None = None,
    approvers: Sequence[str] = (),
    ahead: Forecast = NO_FORECAST,
    now: datetime | None = None,
    live: Parsed | None = None,
    drafting: str = "",
    chosen: Mapping[str, Chosen] = NOTHING_CHOSEN,
    in_vain: Mapping[str, Diagnosis] = NOTHING_FOUND,
    price: str = "",
) -> str:
    """The comment for a plan that reads; `run` is its newest run, if any; `plan` is what is approved or waits for
    approval; `edited`: an earlier text of it had been approved, `before`, where that is known; `approvers`: of this
    text, while they are too few;
    `ahead`: what is to be expected, as seen from `now`; `live`: the issue as it was last read, where that is another
    text than the run's; `drafting`: what there is to say of the model's draft that it is; `chosen`: which
    models make the newest attempts, and why; `in_vain`: what the logs of attempts that came to nothing tell; `price`:
    what models will cost, before it runs.
    """
    is_cancelled = run is not None and run.state == "cancelled"
    ahead = NO_FORECAST if is_cancelled else ahead
    path = () if is_cancelled else ahead.path or graph.critical_path(plan)
    changed = plan_changes.after_approval(before, plan) if edited and before is not None else None
    headline = _headline(plan, approved_by, run, approvers, edited=edited, same=changed == [])
    head = [f"### Plan: {plain(plan.title) or 'untitled'}", "", headline, "", *([drafting, ""] if drafting else [])]
    head += changed if changed is not None and run is None else []
    if run is not None:
        head += plan_changes.since(run, live, approvers=approvers) if live is not None else []
        head += plan_changes.gone(run)
    head += boxes.listed(boxes.offered(_to_approve(plan, live) if not approved_by else "", run))
    head += groups.told(run) if run is not None else ()
    head += hand_over.listed(run, in_vain) if run is not None else ()
    head += [*(_ahead(plan, run, path, ahead, now) if path else []), *([f"**Price:** {price}", ""] if price else [])]
    told = [f"- ⚠ {warning}" for warning in warnings]
    warned = [*_up_to(told, PROBLEMS, len(told)), ""]
    rows = _rows(plan, run, ahead, chosen)
    models = _models(run, chosen)
    no_graph = [f"The graph of {len(plan.tasks)} tasks is left out here.", ""]

    def bodies() -> Iterator[str]:
        few = len(plan.tasks) <= GRAPH_TASKS
        if drawing := _mermaid(plan, run, frozenset(path)) if few else _of_repositories(plan, run):
            yield _join([*head, *warned, *_table(plan, rows, len(rows), ahead), "", *models, *drawing], answers)
        for shown, said in _less(len(rows), FEW_ROWS, answers):
            yield _join([*head, *warned, *_table(plan, rows, shown, ahead), "", *no_graph], said)
        yield _join([*head, *_up_to(told, 0, len(told)), "", *_table(plan, rows, 0, ahead), "", *no_graph], ())

    return first_that_fits(bodies())


def _to_approve(plan: Plan, live: Parsed | None) -> str:
    """The hash of the text that an approval would be for, "" while there is none to approve."""
    newest = live.plan if live is not None else plan
    return newest.hash if newest is not None else ""


def first_that_fits(bodies: Iterator[str]) -> str:
    """The last one is so short that it always does."""
    body = ""
    for body in bodies:
        if len(body) <= LIMIT:
            break
    return body


def _less(rows: int, few: int, answers: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(rows, answers) to try, from everything to next to nothing."""
    yield rows, list(answers)
    while rows > few:
        rows = max(rows * 3 // 4, few)
        yield rows, list(answers)
    short = [_shortened(answer) for answer in answers]
    for gone in range(len(short) + 1):
        older = [f"{gone} older answer{'s' * (gone != 1)} left out here.\n"] if gone else []
        yield rows, [*older, *short[gone:]]


def _shortened(answer: str) -> str:
    """Whole lines of it only: what is cut inside a line could become another kind of markup."""
    kept: list[str] = []
    lines = answer.splitlines()
    room = ANSWER
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    missing = len(lines) - len(kept)
    return "\n".join([*kept, *([f"\n… and {missing} more line{'s' * (missing != 1)}"] if missing else []), ""])


def _up_to(lines: Sequence[str], shown: int, total: int) -> list[str]:
    """So many of the lines, and how many are missing."""
    kept = list(lines[:shown])
    return [*kept, *([f"- … and {total - len(kept)} more"] if len(kept) < total else [])]


def _headline(
    plan: Plan, approved_by: str, run: Run | None, approvers: Sequence[str], *, edited: bool, same: bool
) -> str:
    """same: nobody has edited it, and an earlier version counted less as part of an approval."""
    count, repos = len(plan.tasks), len(plan.repos)
    size = f"{count} task{'s' * (count != 1)} in {repos} repositor{'ies' if repos != 1 else 'y'}"
    if run is not None:
        following = _goes_on(is_approved=bool(approved_by) or edited) if run.state == "paused" else ""
        said = {
            "running": "Running", "paused": "Paused", "done": "Done", "cancelled": "Cancelled",
            "failed": f"Stopped: {_advice(run)}",
        }  # fmt: skip
        return f"**{said[run.state]}.** {progress_in_words(run)}, started by {code(run.actor)}.{following}"
    if approved_by:
        return f"**Approved** by {code(approved_by)}: {size}. Next: `/lockstep run` (needs write permission)."
    why = "an approval reaches further by now than it did" if same else "the plan was edited after it was approved"
    what = f"**Waits for approval again**, because {why}:" if edited else "**Waits for approval:**"
    if approvers:
        so_far = ", ".join(code(login) for login in approvers)
        return f"**Waits for more approvals:** {size}, approved by {so_far} so far. Next: `/lockstep approve`."
    return f"{what} {size}. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`."


def _goes_on(*, is_approved: bool) -> str:
    """What comes next for a run that is held; is_approved: its approval was not taken back."""
    first = "" if is_approved else "`/lockstep approve` (needs maintain permission), then "
    return f" Next: {first}`/lockstep resume`."


def _advice(run: Run) -> str:
    """What starts a run again that has come to a stop; only words that do."""
    stuck = [task.id for task in run.tasks.values() if task.state in STUCK]
    if stuck and all(is_with_a_person(run, each) for each in stuck):
        return "the rest is with people, and goes on once they have done it"
    if stuck:
        return "something needs a person. `/lockstep retry failed` starts the failed tasks again"
    cancelled = [task.id for task in run.tasks.values() if task.state == "cancelled"]
    which = " ".join(cancelled) if len(cancelled) <= CANCELLED else "all"
    return f"the rest needs what was cancelled. `/lockstep retry {which}` starts that again"


def _ahead(plan: Plan, run: Run | None, path: Sequence[str], ahead: Forecast, now: datetime | None) -> list[str]:
    """What is to be expected: the end, and the chain it depends on."""
    total, which = (len(ahead.slack), "open ") if run is not None and ahead.path else (len(plan.tasks), "")
    said = f"**Critical path:** {_path(path)} ({len(path)} of {total} {which}tasks)"
    if not ahead.path:
        return [said, ""]
    lines = [f"{said}, {lasting(ahead.chain)} {lengths_in_words(ahead)}."]
    if run is None and ahead.seconds > ahead.chain:
        lines[0] += f" All of it: {lasting(ahead.seconds)}, because not all can be worked on at the same time."
    end = end_in_words(ahead, run.state, now) if run is not None and now is not None else ""
    return [*([f"**Expected end:** {end}.", ""] if end else []), *lines, ""]


def _path(path: Sequence[str]) -> str:
    shown = [code(task_id) for task_id in path]
    return " → ".join(shown if len(shown) <= 12 else [*shown[:6], "…", *shown[-5:]])


def _rows(plan: Plan, run: Run | None, ahead: Forecast, chosen: Mapping[str, Chosen]) -> list[tuple[int, str]]:
    """(place in the plan, row) of the tasks that may be shown, those that are finished last."""
    states = run.tasks if run is not None else {}
    places = list(enumerate(plan.tasks))
    places.sort(key=lambda each: each[1].id in states and states[each[1].id].state in SATISFIED)
    behind = ends(run) if run is not None else {}
    rivals = Rivals(run.plan) if run is not None else None
    rows = []
    for place, task in places[:ROWS]:
        state = states.get(task.id)
        ended = f" by {ended_by(behind[task.id], run)}" if run is not None and task.id in behind else ""
        if rivals is not None and state is not None and state.state == "ready":
            kept = rivals.keeps(task.id, states.__getitem__)
            ended = f": after {code(kept[0])}, as both may change {code(kept[1], 60)}" if kept is not None else ""
        if task.id in chosen and state is not None and state.attempt and not ended:
            ended = f", {chosen[task.id].short}"
        rows.append((place, f"{_row(task, state, ended)}{_slack(task, ahead)}"))
    return rows


def _table(plan: Plan, rows: Sequence[tuple[int, str]], shown: int, ahead: Forecast) -> list[str]:
    """The first `shown` rows, in the plan's order."""
    lines = [row for _, row in sorted(rows[:shown])]
    missing = len(plan.tasks) - len(lines)
    more = " |" if ahead.slack else ""
    if missing:
        lines.append(f"| … | {missing} more task{'s' * (missing != 1)} | | | |{more}")
    titles = "| Task | What | State | Pull request | Needs |" + (" Slack |" if more else "")
    return [titles, "| --- | --- | --- | --- | --- |" + (" --- |" if more else ""), *lines]


def _slack(task: Task, ahead: Forecast) -> str:
    """The last cell of a row, where there is anything to be expected."""
    return f" {slack_in_words(ahead, task.id)} |" if ahead.slack else ""


def _row(task: Task, state: TaskState | None, ended: str = "") -> str:
    """ended: what a task waits for that has not started."""
    needs = ", ".join(code(need) for need in task.needs[:5]) + (" …" if len(task.needs) > 5 else "")
    what = f"{plain(task.title, 100)} ({task.repo})"
    if state is None:
        issue = f"{task.repo}#{task.issue} (issue) " if task.issue else ""
        return f"| {code(task.id)} | {what} | {'done before' if task.done else 'planned'} | {issue}| {needs} |"
    says = state.reason and (state.state != "done" or state.merge_sha)
    reason = f": {cut(state.reason, REASON)}" if says else ended
    pull = f"{task.repo}#{state.pull}" if state.pull else f"{task.repo}#{state.issue} (issue)" if state.issue else ""
    if state.revert:
        back = f"taken back by {task.repo}#{state.revert}" if state.revert > 0 else "being taken back"
        pull = f"{pull}, {back}" if pull else back
    behind = ended if ended.startswith(" ") else ""  # by whom it is blocked belongs to its state
    said = f"{ICONS[state.state]} {WORDS[state.state]}{behind}{wishes(state)}{'' if behind == reason else reason}"
    return f"| {code(task.id)} | {what} | {said} | {pull} | {needs} |"


def _models(run: Run | None, chosen: Mapping[str, Chosen]) -> list[str]:
    """Why these models, for what is not finished."""
    states = run.tasks if run is not None else {}
    said = models_listed({task: each for task, each in chosen.items() if states[task].state not in SATISFIED})
    return ["<details><summary>Models</summary>", "", *said, "", "</details>", ""] if said else []


def _mermaid(plan: Plan, run: Run | None, critical: frozenset[str]) -> list[str]:
    """The graph. Node names are made here; a label is a task id, which the parser has limited to harmless
    characters.
    """
    number = {task.id: f"t{n}" for n, task in enumerate(plan.tasks)}
    lines = ["<details><summary>Graph</summary>", "", "```mermaid", "flowchart LR"]
    lines += [f'  {number[task.id]}["{_icon(task, run)} {task.id}"]' for task in plan.tasks]
    for task in plan.tasks:
        for need in task.needs:
            arrow = "==>" if {task.id, need} <= critical else "-->"
            lines.append(f"  {number[need]} {arrow} {number[task.id]}")
    return [*lines, "```", "", "</details>", ""]


def _icon(task: Task, run: Run | None) -> str:
    return ICONS[run.tasks[task.id].state if run is not None else "done" if task.done else "blocked"]


def _of_repositories(plan: Plan, run: Run | None) -> list[str]:
    """Of many tasks, how many of each repository stand how, and which repositories wait for which; nothing where that
    is one box, or too many.
    """
    repo_of = {task.id: task.repo for task in plan.tasks}
    number = {repo: f"r{n}" for n, repo in enumerate(dict.fromkeys(repo_of.values()))}
    if not 1 < len(number) <= GRAPH_BOXES:
        return []
    states: dict[str, Counter[str]] = {repo: Counter() for repo in number}
    for task in plan.tasks:
        states[task.repo][_icon(task, run)] += 1
    boxes_of = (
        f'  {number[repo]}["{repo}: {", ".join(f"{count} {icon}" for icon, count in sorted(states[repo].items()))}"]'
        for repo in number
    )
    ways = dict.fromkeys((repo_of[need], task.repo) for task in plan.tasks for need in task.needs)
    arrows = (f"  {number[one]} --> {number[other]}" for one, other in ways if one != other)
    head = f"<details><summary>Graph of {len(plan.tasks):,} tasks, a box for each repository</summary>"
    return [head, "", "```mermaid", "flowchart LR", *boxes_of, *arrows, "```", "", "</details>", ""]


def answered(answers: Sequence[str], drafting: str = "") -> str:
    """The comment where there is no plan: only answers to commands, and what there is to say of a model's draft."""
    lines = [drafting, ""] if drafting else []
    return first_that_fits(_join(lines, said) for _, said in _less(0, 0, answers))


def _join(lines: Sequence[str], answers: Sequence[str]) -> str:
    return "\n".join([*lines, *answers_of(answers), FOOT, STICKY])


def answers_of(answers: Sequence[str]) -> list[str]:
    """The lines that hold what commands were answered."""
    return ["#### Answers", "", *answers, ""] if answers else []
