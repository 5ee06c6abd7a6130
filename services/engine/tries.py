"""Carrying out an attempt: what it is told, which model makes it and where, and what its result means for its task."""

import msgspec

from services.agents import prompt_of
from services.agents.prompting import prompt
from services.core import messages, names
from services.core.board import Board, Run, Wish
from services.core.elsewhere import ELSEWHERE
from services.core.messages import reasons
from services.core.plan import Task
from services.core.records import given
from services.core.repair import noted
from services.core.repairs import for_attempt
from services.core.similar import kept
from services.core.task_state import Happening, TaskState
from services.core.text import plain
from services.engine import elsewhere, recovering, remembered, stacking
from services.engine.choosing import Choosing
from services.engine.hidden import hidden_around
from services.engine.learned import Learned
from services.engine.orders import Order, Result
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.engine.spending import OWN
from services.store.outbox import Due


def exceeded(result: Result, reaction: str) -> Wish | None:
    """What a used up budget means for the whole run; one that is the task's own concerns no other."""
    if reaction == "pause" and result.over and result.over not in OWN:
        return Wish(state="paused", text=result.reason)
    return None


def _urgent(board: Board, order: Order) -> Order:
    """The order with what is known now of its task's priority, and of what waits for it."""
    task, state = order.task, board.run.tasks.get(order.task.id)
    if state is None:
        return order
    if state.priority is not None:
        task = msgspec.structs.replace(task, priority=state.priority)
    return msgspec.structs.replace(order, task=task, remaining=board.remaining[task.id])


class Tries:
    """Attempts of all tasks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._learned = Learned(parts)
        self._choosing = Choosing(parts)

    async def attempt(self, board: Board, task: Task, state: TaskState, due: Due) -> Outcome:
        """Make it, or go on with it."""
        run = board.run
        if (over := stacking.overtaken(run, state)) is not None:
            return over
        repair = for_attempt(state.repairs, state.attempt)
        chosen = await self._choosing.for_attempt(run, task, state)
        if chosen.why and not chosen.model and not state.carry and (repair is None or not repair.carries):
            return Outcome(happened=(Happening(kind="broke", text=chosen.why, fence=state.fence),))
        task = msgspec.structs.replace(task, model=chosen.model, budget=state.budget or task.budget)
        hidden = await hidden_around(self._parts.github.reads, run, task)
        order = await self._order(run, task, state, due.action.key, hidden)
        if repair is not None:
            rest = (repair.due - self._parts.clock.now()).total_seconds() if repair.due is not None else 0.0
            if rest > 0:
                return Outcome(again_in=rest, free=True)
            order = await recovering.for_repair(self._parts, order, repair)
        order = await stacking.ordered(self._parts, run, state, order)
        await self._record(order)
        made: Outcome | Order | Result = order
        if task.agent in ELSEWHERE:
            made = await elsewhere.look(self._parts, run, task, state, due, order, hidden)
        if isinstance(made, Outcome):
            return made
        # How urgent it is by now: nobody is told what changes before the workers have it, and they are from then on.
        result = made if isinstance(made, Result) else await self._parts.workers.attempt(_urgent(board, made))
        if isinstance(made, Order) and made.source and not made.adopts and result.kind == "pushed":
            await elsewhere.taken(self._parts, task, made.source)
        if chosen.model and self._parts.attempts is not None:
            await self._parts.attempts.paid(run.id, task.id, state.attempt)
        happened = await self._came_to(task, state, result)
        wish = exceeded(result, self._parts.settings.on_exceed)
        return Outcome(happened=(happened,), wish=wish, log=result.log, note=result.kind)

    async def _order(self, run: Run, task: Task, state: TaskState, key: str, hidden: frozenset[str]) -> Order:
        repository = await self._parts.github.reads.repository(task.repo)
        return Order(
            key=key,
            run_id=run.id,
            task=task,
            attempt=state.attempt,
            fence=state.fence,
            base=repository.default_branch,
            branch=names.branch(run.id, task.id),
            message=messages.commit_message(run, task, hidden),
            when=state.since or self._parts.clock.now(),
            replaces=state.heads,
            note=noted(state),
            lessons=await self._learned.for_attempt(run, task, state.attempt),
            past=await remembered.for_attempt(self._parts, task),
            plan_id=run.plan_id,
        )

    async def _record(self, order: Order) -> None:
        """What an agent that reads is told stands with what becomes of it."""
        if self._parts.attempts is not None and (name := prompt_of(order.task.agent)):
            told = given(prompt(name).title, order.task, order.note, order.lessons, order.past)
            await self._parts.attempts.give(order.run_id, order.task.id, order.attempt, told)

    async def _came_to(self, task: Task, state: TaskState, result: Result) -> Happening:
        """An attempt's result as what happened to its task."""
        if result.is_for_a_person:
            text = reasons.for_a_person(task.repo, state.issue, task.id)
            return Happening(kind="refused", text=text, fence=result.fence)
        if result.kind == "pushed":
            paths = tuple(change.path for change in result.files)
            paths = paths if paths == kept(paths) else ()
            return Happening(kind="pushed", sha=result.head_sha, fence=result.fence, paths=paths)
        if result.kind == "refused":
            return Happening(kind="refused", text=plain(result.reason, 500), fence=result.fence)
        return await recovering.failed(self._parts, task.repo, result)
