"""`explain`: everything that holds a task or a pull request back, up to what somebody can act on."""

from handlers.commands import Context, command
from services.core.chosen import told as told_why
from services.core.commands import Command
from services.core.explained import told
from services.core.messages import answers
from services.engine.intake import whole

SHOWN = 10
"""Tasks that are explained in one answer."""


@command(
    "explain",
    usage="explain [task…]",
    summary="Say what holds the tasks back, through all they need, who can act, and with which command.",
    needs="read",
)
async def explain(context: Context, asked: Command) -> str:
    row, run = await context.engine.plan_of(context.repo, context.number)
    if run is None:
        if row.is_approved:
            return answers.WAITS_FOR_RUN
        whole(row)
        return answers.WAITS_FOR_APPROVAL
    chains = await context.engine.explain(run, context.targets(asked))
    if not chains:
        return answers.NOTHING_HELD_BACK
    shown = list(chains)[:SHOWN]
    models = {task_id: told_why(each) for task_id, each in (await context.engine.chosen(run, shown)).items()}
    parts = [(told(run, task_id, chains[task_id], context.hidden), models.get(task_id, "")) for task_id in shown]
    texts = ["\n\n".join(filter(None, each)) for each in parts]
    return answers.explained(texts, len(chains) - len(texts))
