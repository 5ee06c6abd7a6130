"""A plan made of GitHub's own relations: the issue says `Plan: sub-issues`, each of its sub-issues is a task, and what
blocks one is what it needs.

An issue with sub-issues of its own is no task but a group of those: who waits for it waits for all of them, and they
wait for what it waits for. What GitHub has no field for stands in a fenced `lockstep` block of the sub-issue. The
sub-issue is the task's tracking issue too: people wrote it, so nobody has to look in a second place, and there is
nothing to keep the same in two.

Problems have the place of the sub-issue in front; while tasks are put together, a line counts from the sub-issue's
place in the list times LINES.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from services.core import markdown, plan_advice
from services.core.board import Run
from services.core.commands import prose
from services.core.compose import Shift, composer
from services.core.markdown import Fence
from services.core.parse import MAX_LINES
from services.core.parse_yaml import read_keys
from services.core.plan import MAX_BYTES, MAX_TASKS, MAX_TITLE, Parsed, Plan, RepoName, Task
from services.core.plan_fields import BLOCK, KEYS
from services.core.plan_rules import Draft, Repos, assemble
from services.core.plan_text import clean_line
from services.core.problems import TOO_MANY_TASKS, Findings, Spot
from services.core.text import code

RELATIONS = "sub-issues"
"""Where the text of such a plan stands."""
DEPTH = 8
"""Levels of sub-issues, as GitHub bounds them."""
LINES = 100_000
FIELDS = tuple(key for key in KEYS if key not in {"title", "repo", "needs", "body", "done"})
_LINE = re.compile(rf"^ {{0,3}}plan:[ \t]+`?{RELATIONS}`?[ \t]*$", re.IGNORECASE)

_HIDDEN = re.compile(r"<!--|(?:```|~~~)[^\S\n]*lockstep", re.IGNORECASE)

Place = tuple[RepoName, int]


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that blocks another. name: what may be said of where it is, "" for nothing."""

    repo: RepoName
    number: int
    is_open: bool
    name: str = ""


class SubIssue(msgspec.Struct, frozen=True, kw_only=True):
    """One sub-issue as it is on GitHub. children: those of its own, which make it a group."""

    repo: RepoName
    number: int
    title: str
    body: str = ""
    is_open: bool = True
    blockers: tuple[Blocker, ...] = ()
    children: tuple[Place, ...] = ()

    @property
    def place(self) -> Place:
        return self.repo, self.number

    @property
    def name(self) -> str:
        return code(f"{self.repo}#{self.number}", 250)

    @property
    def usual_id(self) -> str:
        """Stays the same whatever becomes of its title: `api-12` for acme/api#12."""
        repo = re.sub(r"\.{2,}", ".", self.repo.partition("/")[2]).lstrip("._-")[:50]
        return f"{repo or 'issue'}-{self.number}"


def are_named(body: str) -> bool:
    """Does an issue say that its sub-issues are its plan?"""
    return any(_LINE.match(line) for line in prose(body))


def read_relations(
    title: str, subs: Sequence[SubIssue], *, home: RepoName, installed: Collection[RepoName], left_out: int = 0
) -> Parsed:
    """The plan of these sub-issues, in this order. left_out: so many that nothing may be told of here."""
    findings = Findings()
    if left_out:
        findings.add("unknown_repo", _left_out(left_out))
    by_place = {sub.place: sub for sub in subs}
    tasks = [sub for sub in subs if not sub.children]
    if len(tasks) > MAX_TASKS:
        findings.add("too_many_tasks", TOO_MANY_TASKS)
        return Parsed(plan=None, problems=findings.listed())
    if too_much := _too_much(tasks):
        findings.add("too_large", f"The sub-issues have more than {too_much}; split them into several plans.")
        return Parsed(plan=None, problems=findings.listed())
    ids = {sub.place: sub.usual_id for sub in tasks}
    drafts = []
    for n, sub in enumerate(tasks, 1):
        values = _values(sub, findings)
        written = values.get("id")
        ids[sub.place] = written.text if isinstance(written, Spot) else ids[sub.place]
        drafts.append((n, sub, values))
    needed = _needed(tasks, by_place, findings)
    found = assemble([_draft(n, sub, values, ids, needed) for n, sub, values in drafts], {}, Repos(home, installed),
                     rules := Findings())  # fmt: skip
    if not subs and not left_out:
        findings.add("empty", "This issue has no sub-issue; add one for each task, or write the tasks here.")
    plan = Plan(title=title, tasks=tuple(_bare(task, tasks) for task in found))
    if not findings.failed and not rules.failed:
        plan_advice.advise(Plan(title=title, tasks=found), rules)
    for problem in rules.listed():
        where = _where(tasks, problem.line)
        findings.add(problem.kind, f"{where}{_with_places(problem.message, tasks)}")
    return Parsed(plan=None if findings.failed else plan, problems=findings.listed(), tasks=plan.tasks)


def _too_much(tasks: Sequence[SubIssue]) -> str:
    """What there is too much of in the bodies; reading Markdown takes time for each line, however short."""
    if sum(len(sub.body) for sub in tasks) > MAX_BYTES:
        return f"{MAX_BYTES:,} bytes"
    lines = sum(sub.body.count("\n") + sub.body.count("\r") for sub in tasks if _has_hidden(sub.body))
    return f"{MAX_LINES:,} lines in those with a `lockstep` block or a comment" if lines > MAX_LINES else ""


def _has_hidden(body: str) -> bool:
    """May it hold what is no part of the task's text: a block of ours, an HTML comment?"""
    return bool(_HIDDEN.search(body))


def _left_out(count: int) -> str:
    which = "A sub-issue lies in a private repository" if count == 1 else f"{count} sub-issues lie in private ones"
    return (
        f"{which} that not everybody who reads this issue, or not its author, may read. Keep such a plan in an issue "
        "of a private repository, by an author who can read them all."
    )


def _where(tasks: Sequence[SubIssue], line: int) -> str:
    if line < LINES:
        return ""
    place, row = divmod(line, LINES)
    return f"{tasks[place - 1].name}{f', line {row}' if row else ''}: "


def _with_places(message: str, tasks: Sequence[SubIssue]) -> str:
    """A problem that names another task by its line means the sub-issue."""

    def named(match: re.Match[str]) -> str:
        place = int(match[1]) // LINES
        return f"in {tasks[place - 1].name}" if 0 < place <= len(tasks) else match[0]

    return re.sub(r"on line (\d{6,9})\b", named, message)


def _values(sub: SubIssue, findings: Findings) -> dict[str, Spot | tuple[Spot, ...] | None]:
    """What the sub-issue says of its task itself: the keys of its block, and all else as the body."""
    text = sub.body.replace("\r\n", "\n").replace("\r", "\n")
    document = markdown.scan(text) if _has_hidden(text) else markdown.Document(lines=text.split("\n"))
    lines, values = list(document.lines), {}
    own = Findings()
    blocks = [fence for fence in document.fences if fence.language == "lockstep"]
    for fence in blocks[:1]:
        reader = composer(fence.content, own, _shift(fence))
        root = reader.compose()
        values = {} if reader.refused else dict(read_keys(root, FIELDS, BLOCK, own))
        lines[fence.first - 1 : fence.first + fence.content.count("\n") + 1] = []
    if len(blocks) > 1:
        own.add("two_plans", "A second `lockstep` block starts here; keep one.", Spot("", blocks[1].first))
    for problem in own.listed():
        line = f", line {problem.line}" if problem.line else ""
        findings.add(problem.kind, f"{sub.name}{line}: {problem.message}")
    body = "\n".join(line.rstrip() for line in lines).strip()
    return {**values, **({"body": Spot(body, 1, 1)} if body else {})}


def _shift(fence: Fence) -> Shift:
    return lambda row, column: (fence.first + row + 1, fence.indent + column + 1)


def _draft(
    n: int,
    sub: SubIssue,
    values: Mapping[str, Spot | tuple[Spot, ...] | None],
    ids: Mapping[Place, str],
    needed: Mapping[Place, Sequence[Place]],
) -> Draft:
    start = Spot("", n * LINES, 1)

    def moved(spot: Spot) -> Spot:
        return Spot(spot.text, n * LINES + spot.line, spot.column)

    def at_start(text: str) -> Spot:
        return Spot(text, n * LINES, 1)

    written = {
        key: tuple(map(moved, given)) if isinstance(given, tuple) else moved(given)
        for key, given in values.items()
        if given is not None
    }
    title = clean_line(sub.title)[:MAX_TITLE].strip()
    return Draft(
        start,
        {
            **written,
            "id": written.get("id") or at_start(ids[sub.place]),
            "title": at_start(title or f"Issue {sub.number}"),
            "repo": at_start(sub.repo),
            "needs": tuple(at_start(ids[place]) for place in needed[sub.place]),
            **({} if sub.is_open else {"done": at_start("true")}),
        },
    )


def _needed(
    tasks: Sequence[SubIssue], by_place: Mapping[Place, SubIssue], findings: Findings
) -> dict[Place, tuple[Place, ...]]:
    """What each task waits for: what blocks it, or a group it is in."""
    parent = {child: sub.place for sub in by_place.values() for child in sub.children}
    outside: set[tuple[Place, Place]] = set()
    needed = {}
    for task in tasks:
        found: dict[Place, None] = {}
        for sub in _upwards(task, by_place, parent):
            for blocker in sub.blockers:
                place = (blocker.repo, blocker.number)
                if place in by_place:
                    found.update(dict.fromkeys(_tasks_of(by_place[place], by_place)))
                elif blocker.is_open and (sub.place, place) not in outside:
                    outside.add((sub.place, place))
                    findings.add("unknown_dependency", _outside(sub, blocker))
        needed[task.place] = tuple(found)
    return needed


def _outside(sub: SubIssue, blocker: Blocker) -> str:
    which = f"{code(blocker.name, 250)}, which is no sub-issue here" if blocker.name else "an issue elsewhere"
    return f"{sub.name} is blocked by {which}; make that a sub-issue too, or remove the relation."


def _upwards(sub: SubIssue, by_place: Mapping[Place, SubIssue], parent: Mapping[Place, Place]) -> Iterator[SubIssue]:
    """The sub-issue and the groups around it."""
    for _ in range(DEPTH):
        yield sub
        above = by_place.get(parent.get(sub.place, ("", 0)))
        if above is None:
            return
        sub = above


def _tasks_of(sub: SubIssue, by_place: Mapping[Place, SubIssue], depth: int = DEPTH) -> Iterator[Place]:
    if not sub.children:
        yield sub.place
    elif depth:
        for child in sub.children:
            if child in by_place:
                yield from _tasks_of(by_place[child], by_place, depth - 1)


def _bare(task: Task, tasks: Sequence[SubIssue]) -> Task:
    return msgspec.structs.replace(task, issue=tasks[task.line // LINES - 1].number, line=0)


def settled(parsed: Parsed, run: Run | None) -> Parsed:
    """The plan with each task as open as its run took it: that the run closes its issues is no edit. What a run that is
    over has left closed counts as done for the next one, once anything else has changed.
    """
    if run is None or parsed.plan is None:
        return parsed
    tasks = tuple(_as_taken(task, run.plan.by_id.get(task.id)) for task in parsed.plan.tasks)
    plan = msgspec.structs.replace(parsed.plan, tasks=tasks)
    if run.finished_at is not None and plan.hash != run.plan.hash:
        return parsed
    return msgspec.structs.replace(parsed, plan=plan, tasks=tasks)


def _as_taken(task: Task, taken: Task | None) -> Task:
    same = taken is not None and (taken.repo, taken.issue) == (task.repo, task.issue)
    return msgspec.structs.replace(task, done=taken.done) if taken is not None and same else task
