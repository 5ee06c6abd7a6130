"""`explain`: everything that holds a task or a pull request back, up to what somebody can act on."""

from handlers.commands import Context, command
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
    texts = [told(run, task_id, chain, context.hidden) for task_id, chain in list(chains.items())[:SHOWN]]
    return answers.explained(texts, len(chains) - len(texts))
