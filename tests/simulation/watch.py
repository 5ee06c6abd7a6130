"""What must be true at every moment. The watch is told of each commit, request, attempt and log entry, and notes whatever
breaks a promise; the first violation ends the seed.

What a merge has to keep to is in `merges`, what must hold at the end in `judge`.
"""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from services.core.names import STICKY
from services.core.plan import Plan, Task
from services.core.task_state import SATISFIED
from services.engine.orders import Order
from services.errors import ApiError, StoreError
from services.sandbox.kernel import Request, Response
from tests.simulation.approvals import Approvals
from tests.simulation.book import Book, Row
from tests.simulation.hub import BOT
from tests.simulation.lanes import too_many
from tests.simulation.life import Life
from tests.simulation.merges import Merges, hash_of
from tests.simulation.repeats import Repeats
from tests.simulation.rights import Rights
from tests.simulation.turns import Turns

if TYPE_CHECKING:
    from tests.simulation.world import World

KEY = re.compile(r"<!-- lockstep:key=(\S+) -->")
ACT = re.compile(r"\ba(\d+): (\w+)\(input:")
GOING = frozenset({"running", "failed"})
BAD_LUCK = (ApiError, StoreError)
"""What may go wrong without anybody being at fault."""
ATTEMPT = re.compile(r"in attempt (\d+) of fence (\d+)")


class Watch:
    """`violations` in words; `touched`: issues whose labels and state people have set by hand."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.violations: list[str] = []
        self.halted = asyncio.Event()
        self.is_over = False
        self.touched: set[int] = set()
        self.grouped_at = 0.0  # when a group last got further
        self.adopted = 0  # plans that were edited and taken over
        self.book = Book(world.disk)
        self.approvals = Approvals(world)
        self.rights = Rights()
        self.repeats = Repeats(world)
        self.merges = Merges(world)
        self.turns = Turns(world)
        self._keys: Counter[str] = Counter()
        self._at_work: dict[str, list[Order]] = {}

    def violation(self, text: str) -> None:
        if not self.is_over:
            self._world.trace("VIOLATION", text)
            self.violations.append(text)
            self.halted.set()

    # What people did.

    def written(self, plan_id: str, title: str, body: str) -> None:
        self.approvals.written(plan_id, title, body)

    def asked(self, plan_id: str, who: str, text: str) -> None:
        self.approvals.asked(plan_id, who, text)
        self.repeats.asked(who, text)

    # What is committed.

    def committed(self) -> None:
        """A group of writes is on disk."""
        rows = []
        for row, wrong in self.book.read(self._world.loop.time()):
            rows.append(row)
            actor = f" by {row.actor}" if row.actor else ""
            self._world.trace(
                "history", f"{row.task or row.run_id or row.plan_id} {row.kind}{actor}: {row.after} {row.text}"
            )
            for text in (*wrong, *self.rights.of_row(row), *self.repeats.of_row(row), *self._of_row(row)):
                self.violation(text)
        for text in self.turns.committed(rows):
            self.violation(text)

    def _of_row(self, row: Row) -> list[str]:
        if row.kind == "group":
            self.grouped_at = self._world.loop.time()
        if row.kind == "approved":
            return self.approvals.approved(row.plan_id, row.text, row.actor)
        if row.kind == "started" and not row.task:
            return self.approvals.started(self.book.runs[row.run_id].plan.hash)
        if row.kind == "adopted":
            self.adopted += 1
            return self.approvals.started(self.book.runs[row.run_id].plan.hash)
        if row.kind == "started":
            return self._of_start(row)
        if row.kind in {"held", "released"}:
            self._world.marks.put("held", hash_of(row.run_id, row.task), on=row.kind == "held")
        if row.kind == "handed":
            self._world.marks.set("handed over", hash_of(row.run_id, row.task))
        if row.kind == "pushed":
            return self._of_push(row)
        if row.kind in {"broke", "refused"} and (found := ATTEMPT.search(row.text)):
            return self._of_fence(row, int(found[2]))
        return []

    def _of_start(self, row: Row) -> list[str]:
        """An attempt begins: nobody holds it back, and what it needs is there."""
        told, marks = self.book.runs[row.run_id], self._world.marks
        found = [f"{row.task} was started though the run is {told.state}"] if told.state not in GOING else []
        if marks.since("held", hash_of(row.run_id, row.task)) is not None:
            found.append(f"{row.task} was started though it is held")
        spec = told.plan.by_id[row.task]
        found += [f"it was started, and {text}" for text in self.kept(row.run_id, spec)]
        unmet = [need for need in spec.needs if told.tasks[need] not in SATISFIED]
        if spec.group:  # within a group a need's pull request is enough
            near = [need for need in unmet if told.plan.by_id[need].group == spec.group]
            unmet = [need for need in unmet if need not in near or not self.book.task(row.run_id, need).pull]
        return [*found, *(f"{row.task} was started before its need {need}" for need in unmet)]

    def kept(self, run_id: str, spec: Task) -> Iterator[str]:
        """Why a task may not begin: somebody works at a file that it declares, or has changed it and waits to merge. Of
        two of which one needs the other, that is what says when it begins.
        """
        plan = self.book.runs[run_id].plan
        for other in plan.tasks if spec.repo in plan.apart else ():
            state, wanted = self.book.runs[run_id].tasks[other.id], set(spec.paths)
            if other.id in _needed(plan, spec.id) or spec.id in _needed(plan, other.id):
                continue
            if other.id == spec.id or other.repo != spec.repo or state not in {"running", "in_review"}:
                continue
            now, declared = self.book.task(run_id, other.id), set(other.paths)
            if state == "in_review" and (now.held or other.group):
                continue
            is_known = bool(now.changed) and (state == "in_review" or not declared)
            both = wanted & set(now.changed if is_known else declared) if not declared or wanted & declared else set()
            if both:
                yield f"{spec.id} is kept by {other.id}, which is {state}: both change {', '.join(sorted(both))}"

    def _of_push(self, row: Row) -> list[str]:
        task = self.book.task(row.run_id, row.task)
        order = self._world.yard.made.get(task.head_sha)
        if order is None or (order.run_id, order.task.id) != (row.run_id, row.task):
            return [f"{row.task} was pushed as {task.head_sha[:8]}, which no attempt of it has made"]
        return []

    def _of_fence(self, row: Row, fence: int) -> list[str]:
        """An attempt's own words, taken for the task's: it must be the newest attempt's."""
        now = self.book.task(row.run_id, row.task).fence
        return [] if fence == now else [f"{row.task} took the result of fence {fence}, and is at fence {now}"]

    # What GitHub is asked.

    def before(self, request: Request, sent: float) -> None:
        self.merges.before(request, sent)

    def after(self, request: Request, response: Response) -> None:
        """GitHub has carried out a request of the bot's."""
        self.merges.after(request, response)
        if request.path == "/graphql":
            self._together(msgspec.json.decode(request.body), response.json)
        if request.method != "POST" or response.status != 201:
            return
        if request.path.endswith(("/issues", "/pulls")):
            self._made(request.path.rpartition("/")[2], msgspec.json.decode(request.body).get("body") or "")
        elif request.path.endswith("/comments"):
            self._commented()
        elif request.path.endswith("/check-runs"):
            self._checked(response.json)

    def _together(self, asked: Any, answer: Any) -> None:
        """What several changes of one call have made."""
        data = (answer.get("data") if isinstance(answer, dict) else None) or {}
        for number, act in ACT.findall(asked.get("query") or ""):
            made = data.get(f"a{number}")
            if made and act == "createIssue":
                self._made("issues", asked["variables"][f"v{number}"]["body"])
            elif made and act == "createCheckRun":
                row = self._world.hub.sandbox.state.check_runs[made["checkRun"]["databaseId"]]
                self._checked({"app": {"id": row.app_id}, "name": row.name, "head_sha": row.head_sha})

    def _made(self, kind: str, body: str) -> None:
        """An issue or a pull request: one for each key."""
        for key in KEY.findall(body):
            name = f"{kind} {key}"
            self._keys[name] += 1
            if self._keys[name] > 1:
                self.violation(f"made twice: {name}")

    def _commented(self) -> None:
        """One kept-up-to-date comment on an issue."""
        rows = self._world.hub.sandbox.state.comments.values()
        counts = Counter(row.issue_id for row in rows if row.user == BOT and STICKY in row.body)
        for issue, count in counts.items():
            if count > 1:
                self.violation(f"{count} kept-up-to-date comments on issue {issue}")

    def _checked(self, made: Any) -> None:
        rows = self._world.hub.sandbox.state.check_runs.values()
        app, name, sha = made["app"]["id"], made["name"], made["head_sha"]
        count = sum((row.app_id, row.name, row.head_sha) == (app, name, sha) for row in rows)
        if count > 1:
            self.violation(f"{count} check runs {name} on {sha[:8]}")

    # Attempts.

    def began(self, life: Life, order: Order) -> None:
        """As many at once as the limits allow, and never two of one task."""
        orders = self._at_work.setdefault(life.name, [])
        orders.append(order)
        for text in too_many(self._world.settings, orders):
            self.violation(text)
        same = [each for each in orders if (each.run_id, each.task.id) == (order.run_id, order.task.id)]
        if len(same) > 1:
            self.violation(f"two attempts of {order.task.id} at once")
        for text in self.repeats.began(life, order):
            self.violation(text)

    def group_ends(self) -> tuple[str, ...]:
        return tuple([each.phase for run in self.book.runs for each in self.book.barriers(run).values()])

    def ended(self, life: Life, order: Order, *, came: bool) -> None:
        """came: to something, and the process was told what."""
        if not life.is_over and not self.is_over:
            self._at_work[life.name].remove(order)
            if came:
                self.repeats.ended(life, order)

    def at_work(self) -> int:
        """Attempts under way in processes that live."""
        return sum(len(self._at_work.get(each.life.name, ())) for each in self._world.crew.values())

    def died(self, life: Life) -> None:
        self._at_work.pop(life.name, None)

    # What the process says of itself.

    def ended_with(self, life: Life, error: BaseException) -> None:
        self._world.trace(life.name, f"ended: {error!r}")
        if not isinstance(error, BAD_LUCK):
            self.violation(f"{life.name} ended with {error!r}")

    def unawaited(self, context: dict[str, Any]) -> None:
        """An exception that went nowhere."""
        self.violation(f"{context.get('message')}: {context.get('exception')!r}")

    def logged(self, method: str, entry: dict[str, Any]) -> None:
        name = entry.pop("process", "?")
        if self.is_over or all(each.life.name != name for each in self._world.crew.values()):
            return
        error = entry.pop("exc_info", None)
        if error is True:
            error = sys.exc_info()[1]
        said = " ".join(str(value) for value in (entry.pop("event", ""), *(entry[key] for key in sorted(entry))))
        self._world.trace(name, f"{method}: {said} {error!r}" if error is not None else f"{method}: {said}")
        if method in {"error", "critical", "exception"} and not isinstance(error, BAD_LUCK):
            self.violation(f"logged as a bug: {said}: {error!r}")


def _needed(plan: Plan, task_id: str) -> set[str]:
    """All that has to come before a task."""
    found: set[str] = set()
    rest = [task_id]
    while rest:
        new = [need for need in plan.by_id[rest.pop()].needs if need not in found]
        found.update(new)
        rest += new
    return found
