"""`status`: where a plan, or some of its tasks, stand."""

from handlers.commands import Context, command
from services.core import targets
from services.core.board import Run
from services.core.commands import Command
from services.core.cost import cost_in_words
from services.core.messages import answers
from services.engine.intake import whole

DETAILED = 10
"""Tasks of which also the steps of an attempt that is over are told."""


@command("status", usage="status [task…]", summary="Show where the plan, or the named tasks, stand.", needs="read")
async def status(context: Context, asked: Command) -> str:
    row, run = await context.engine.plan_of(context.repo, context.number)
    if run is None:
        return answers.not_started(len(whole(row).tasks))
    named = context.targets(asked)
    chosen = tuple(targets.chosen(run, named)) if named else _underway(run)
    trails = await context.engine.trails(run, chosen[: answers.LISTED])
    is_short, alike = len(chosen) <= DETAILED, {}
    if named and is_short:
        alike = {task_id: await context.engine.alike(run, task_id) for task_id in chosen}
    models = await context.engine.chosen(run, chosen[: answers.LISTED], own=context.task)
    return answers.status(
        run,
        chosen,
        spent=await _spent(context),
        trails={each: trail for each, trail in trails.items() if is_short or run.tasks[each].state == "running"},
        alike=alike,
        models=models,
        now=context.asked_at,
    )


async def _spent(context: Context) -> str:
    """In the place of a task that may not hear of all others, nothing is told of what the whole plan has cost."""
    if context.task and context.hidden:
        return ""
    found = await context.engine.cost(context.repo, context.number)
    return cost_in_words(found.spent, is_short=found.is_short) if found.spent or found.is_short else ""


def _underway(run: Run) -> tuple[str, ...]:
    return tuple(task.id for task in run.tasks.values() if task.state not in {"done", "blocked"})
