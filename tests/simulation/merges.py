"""What a merge has to keep to, judged at the moment when GitHub carries it out.

The bot reads a pull request anew before it merges it. Whatever spoke against the merge before it began to read, and
still does, it must have seen; what came up after that, it may have read too early.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from services.core.adopt import WORK
from services.core.board import Action
from services.core.clock import from_text
from services.core.groups import CLOSED
from services.core.plan import Plan, Task
from services.core.task_state import SATISFIED
from services.engine.orders import Order
from services.sandbox import checks
from services.sandbox.kernel import Request, Response
from services.sandbox.state import Issue, Repo
from services.sandbox.views import node_id
from tests.simulation.clock import START
from tests.simulation.hub import ROLES

if TYPE_CHECKING:
    from tests.simulation.world import World

MERGE = re.compile(r"/repos/([^/]+/[^/]+)/pulls/(\d+)/merge")
LOOK = re.compile(r"/repos/[^/]+/[^/]+/(?:pulls/\d+(?:/reviews)?|commits/[0-9a-f]{40}/check-runs)")
ENQUEUE = re.compile(r"\ba(\d+): enqueuePullRequest\(input:")
PLACE = re.compile(r'repository\(owner: "([^"]+)", name: "([^"]+)"\)')
PULL = re.compile(r"pullRequest\(number: (\d+)\) \{ \.\.\.P \.\.\.M \}")
"""A look at all of a pull request by one call, of which REST takes several."""
ROW = "SELECT run_id, action, created_at, due FROM outbox WHERE key LIKE ?"


class _Case(msgspec.Struct, kw_only=True):
    """A merge that is asked for. `begun`: since when the bot has been reading for it; `sent`: when it sent it."""

    repo: Repo
    issue: Issue
    sha: str
    run_id: str
    task: str
    begun: float
    sent: float


class Merges:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._looked: dict[str, float] = {}
        self._found: list[str] = []
        self.count = 0

    def before(self, request: Request, sent: float) -> None:
        """A request is about to be carried out."""
        self._found = []
        path = request.path.partition("?")[0]
        if request.method == "GET":
            if LOOK.fullmatch(path):
                self._looked[path] = self._world.loop.time()
        elif path == "/graphql":
            asked = msgspec.json.decode(request.body)
            for looked in self._at_once(asked.get("query") or ""):
                self._looked[looked] = self._world.loop.time()
            for name, number, sha in self._queued(asked):
                self._found = list(self._wrong(name, number, {"sha": sha}, sent))
        elif request.method == "PUT" and (found := MERGE.fullmatch(path)):
            self._found = list(self._wrong(found[1], int(found[2]), msgspec.json.decode(request.body), sent))

    def _queued(self, asked: Any) -> Iterator[tuple[str, int, str]]:
        """The pull request, and its head, that is to be put into a merge queue: from there GitHub merges it."""
        for number in ENQUEUE.findall(asked.get("query") or ""):
            wanted = asked["variables"][f"v{number}"]
            for issue in self._world.hub.open_pulls():
                if issue.pull is not None and wanted["pullRequestId"] == node_id("PR", issue.pull.id):
                    yield self._world.hub.repo_of(issue).full_name, issue.number, wanted["expectedHeadOid"]

    def _at_once(self, query: str) -> Iterator[str]:
        """The places in REST that a query looks at."""
        sandbox = self._world.hub.sandbox
        for part in query.split("repository(")[1:]:
            place = PLACE.match(f"repository({part}")
            repo = sandbox.repo_named(f"{place[1]}/{place[2]}") if place is not None else None
            for number in PULL.findall(part):
                issue = sandbox.issue_numbered(repo, int(number)) if repo is not None else None
                if repo is not None and issue is not None and issue.pull is not None:
                    pull = f"/repos/{repo.full_name}/pulls/{number}"
                    yield from (pull, f"{pull}/reviews")
                    yield f"/repos/{repo.full_name}/commits/{issue.pull.head_sha}/check-runs"

    @property
    def learns(self) -> float:
        """Seconds until what was read, or stored, has been taken into account."""
        return 2 * self._world.faults.disk_delay[1] + 0.001

    def after(self, request: Request, response: Response) -> None:
        was_put = request.path == "/graphql" and self._found and "errors" not in (response.json or {})
        is_merge = request.method == "PUT" and response.status == 200 and MERGE.fullmatch(request.path)
        if was_put or is_merge:
            self.count += 1
            for text in self._found:
                self._world.watch.violation(f"{request.path}: {text}")
            if self._world.groups is not None and self._world.groups.hits(0.3):
                self._world.loop.call_later(
                    self._world.groups.uniform(0.0, 2.0), self._world.people.meddling.close_pull
                )

    def _wrong(self, name: str, number: int, body: Any, sent: float) -> Iterator[str]:
        hub, sha = self._world.hub, body["sha"]
        repo = hub.sandbox.repo_named(name)
        issue = hub.sandbox.issue_numbered(repo, number) if repo is not None else None
        if repo is None or issue is None or issue.pull is None:
            return
        rows = self._world.disk.ask(ROW, f"%/merge/{sha}")
        if not rows:
            yield "merged, and nobody had decided that"
            return
        run_id, action, created, due = rows[0]
        task = msgspec.json.decode(action, type=Action).task
        pull = f"/repos/{name}/pulls/{number}"
        places = [pull, f"{pull}/reviews", f"/repos/{name}/commits/{sha}/check-runs"]
        if min(self._looked.get(place, -1.0) for place in places) < _seconds(created):
            yield "merged without another look"
        begun = max(_seconds(created), _seconds(due))
        case = _Case(repo=repo, issue=issue, sha=sha, run_id=run_id, task=task, begun=begun, sent=sent)
        yield from self._by_plan(case)
        yield from self._by_people(case)
        yield from self._by_checks(case)

    def _by_plan(self, case: _Case) -> Iterator[str]:
        """Needs, holds, pauses and fences, by what is stored; the process learns of a commit a little later."""
        book, learns = self._world.watch.book, self.learns
        told, order = book.runs[case.run_id], self._made(case.repo, case.sha)
        texts = told.texts_since(case.begun - learns)
        said = [plan.by_id[case.task] for plan in texts if case.task in plan.by_id]
        needs = set.intersection(*(set(task.needs) for task in said)) if len(said) == len(texts) else set()
        for need in sorted(needs - self._lifted(case, "need")):
            if told.tasks[need] not in SATISFIED and told.tasks_since[need] < case.begun - learns:
                yield f"merged before its need {need}, which is {told.tasks[need]}"
        if told.state in {"paused", "cancelled", "done"} and told.since < case.sent - learns:
            yield f"merged though the run is {told.state}"
        state, since = told.tasks[case.task], told.tasks_since[case.task]
        if case.begun + learns < since < case.sent - learns:
            yield f"merged though it was found to be {state} meanwhile"
        if state in {"cancelled", "skipped"} and told.tasks_since[case.task] < case.sent - learns:
            yield f"merged though the task is {state}"
        yield from self._by_group(case, told.plan)
        held = self._world.marks.since("held", hash_of(case.run_id, case.task))
        if held is not None and held < case.sent - learns:
            yield "merged though the task is held"
        if order is None:
            if not self._is_answered_for(case):
                yield f"merged {case.sha[:8]}, which no attempt has made"
        elif (order.run_id, order.task.id) != (case.run_id, case.task):
            yield f"merged {case.sha[:8]}, which was made for {order.task.id}"
        elif not any(_asks(plan, order.task) for plan in told.texts_since(case.sent - learns)):
            yield f"merged a text that is not the plan's any more: {order.task.run}"
        elif not {plan.hash for plan in told.texts_since(case.begun)} <= self._world.watch.approvals.hashes:
            yield f"merged a text that nobody approved: {order.task.run}"

    def _made(self, repo: Repo, sha: str) -> Order | None:
        """The attempt that made a head; GitHub may have merged the base branch into that since, as it was asked to."""
        git, made = self._world.hub.sandbox.git, self._world.yard.made
        base = git.refs(repo.id)[f"refs/heads/{repo.default_branch}"]
        while sha not in made and (commit := git.commit(repo.id, sha)) is not None and len(commit.parents) == 2:
            sha, theirs = commit.parents
            if not git.contains(repo.id, base, theirs):
                return None
        return made.get(sha)

    def _is_answered_for(self, case: _Case) -> bool:
        """After the task was handed over, a person who may approve plans has pushed exactly that, or another who can
        write has approved it.
        """
        hub, writers = self._world.hub, {login for login, role in ROLES.items() if role in {"write", "maintain"}}
        if self._world.marks.since("handed over", hash_of(case.run_id, case.task)) is None:
            return False
        reviews = [row for row in hub.sandbox.state.reviews.values() if row.issue_id == case.issue.id]
        said = {row.user for row in reviews if (row.state, row.commit_id) == ("APPROVED", case.sha)}
        pushed = {row.actor for row in case.repo.activities if row.after == case.sha}
        alone = {login for login in pushed if ROLES.get(login) == "maintain"}
        return bool(alone or (said - pushed) & writers)

    def _by_group(self, case: _Case, plan: Plan) -> Iterator[str]:
        """One of a group merges only once it is stored that all of it does."""
        name = plan.by_id[case.task].group if case.task in plan.by_id else ""
        if name in plan.groups:
            barrier = self._world.watch.book.barriers(case.run_id).get(name, CLOSED)
            is_late = self._world.watch.grouped_at < case.sent - self.learns
            if is_late and barrier.phase not in {"merging", "forward"} and barrier.heads.get(case.task) != case.sha:
                yield f"merged though its group is {barrier.phase}"

    def _by_people(self, case: _Case) -> Iterator[str]:
        """What stands on the pull request; and who approved the plan may have lost the right to write there."""
        for about in (case.issue.id, case.repo.id):
            for what, since in self._world.marks.about(about).items():
                is_vain = what == "objection of ana" and self._world.restored_at >= case.begun  # she had no right then
                if since < case.begun and not is_vain:
                    yield f"merged against the mark `{what}`"

    def _by_checks(self, case: _Case) -> Iterator[str]:
        """Checks that had failed, or were not done, when the bot looked."""
        ours, at = self._world.hub.app.app_id, self._world.ci.at
        rows = [row for row in self._world.hub.sandbox.state.check_runs.values() if row.head_sha == case.sha]
        theirs = [
            row for row in checks.latest(row for row in rows if row.repo_id == case.repo.id) if row.app_id != ours
        ]
        lifted = self._lifted(case, "check")
        for row in theirs:
            if row.name in lifted:
                continue
            if row.conclusion != "success" and at.get(row.id, 0.0) < case.begun:
                yield f"merged while the check {row.name} is {row.conclusion or row.status}"
        if not theirs and not self._wants_none(case.repo):
            yield "merged without a check"

    def _lifted(self, case: _Case, kind: str) -> set[str]:
        """What somebody said does not count for this commit; who may say so, `Rights` asks of the history."""
        task = self._world.watch.book.task(case.run_id, case.task)
        return {each.name for each in task.overrides if (each.kind, each.sha) == (kind, case.sha)}

    def _wants_none(self, repo: Repo) -> bool:
        kind = next(place.checks for place in self._world.hub.places if place.repo is repo)
        return kind == "none" or (kind == "app" and self._world.settings.checks == "none")


def _asks(plan: Plan, task: Task) -> bool:
    """Does the plan ask for this very work? When it starts, and what waits for it, are not part of it."""
    now = plan.by_id.get(task.id)
    return now is not None and all(getattr(now, name) == getattr(task, name) for name in WORK)


def _seconds(text: str) -> float:
    return (from_text(text) - START).total_seconds()


def hash_of(run_id: str, task: str) -> int:
    """A number to mark a task by."""
    return int.from_bytes(f"{run_id}/{task}".encode(), "big")
