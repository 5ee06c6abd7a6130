"""`explain`: everything that holds a task or a pull request back, up to what somebody can act on."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.explained import told
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
            return "The plan is approved and not started: whoever has the write permission starts it: `/lockstep run`"
        whole(row)
        return "The plan waits for its approval: whoever has the maintain permission gives it: `/lockstep approve`"
    chains = await context.engine.explain(run, context.targets(asked))
    if not chains:
        return "Nothing holds this plan back: all of it is over."
    texts = [told(run, task_id, chain, context.hidden) for task_id, chain in list(chains.items())[:SHOWN]]
    more = len(chains) - len(texts)
    return "\n\n".join(
        [*texts, *([f"… and {more} more task{'s' * (more != 1)}; name those you mean."] if more else [])]
    )
