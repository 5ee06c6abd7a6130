"""`status`: where a plan, or some of its tasks, stand."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.cost import cost_in_words
from services.core.report import ICONS, WORDS, progress, wishes
from services.core.steps import told
from services.core.text import code
from services.engine.intake import whole
from services.errors import UserError

SHOWN = 50
DETAILED = 10
"""Tasks of which also the steps of an attempt that is over are told."""


@command("status", usage="status [task…]", summary="Show where the plan, or the named tasks, stand.", needs="read")
async def status(context: Context, asked: Command) -> str:
    row, run = await context.engine.plan_of(context.repo, context.number)
    if run is None:
        return f"Not started: {len(whole(row).tasks)} tasks. The comment above says what comes next."
    targets = context.targets(asked)
    unknown = [target for target in targets if target not in run.tasks]
    if unknown:
        raise UserError(f"`{unknown[0]}` is no task of this plan.")
    met, total = progress(run)
    chosen = targets or tuple(task.id for task in run.tasks.values() if task.state not in {"done", "blocked"})
    lines = [f"{met} of {total} tasks done; the run is {run.state}."]
    if spent := await context.engine.cost(context.repo, context.number):
        lines[0] += f" Models: {cost_in_words(spent)}"
    trails = await context.engine.trails(run, chosen[:SHOWN])
    for task_id in chosen[:SHOWN]:
        task = run.tasks[task_id]
        reason = f": {task.reason}" if task.reason else ""
        attempt = f", attempt {task.attempt}" if task.attempt > 1 else ""
        is_told = task.state == "running" or len(chosen) <= DETAILED
        steps = told(trails[task_id], context.asked_at.date()) if is_told and task_id in trails else ""
        where = f"; {steps}" if steps else ""
        chosen_by = wishes(task)
        lines.append(f"- {ICONS[task.state]} {code(task_id)} {WORDS[task.state]}{attempt}{chosen_by}{reason}{where}")
        if targets and len(chosen) <= DETAILED and (like := await context.engine.alike(run, task_id)):
            lines.append(f"  - {like}")
    if len(chosen) > SHOWN:
        lines.append(f"- … and {len(chosen) - SHOWN} more")
    return "\n".join(lines)
