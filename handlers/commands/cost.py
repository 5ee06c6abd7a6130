"""`cost`: what models have cost for a plan, from the ledger."""

from handlers.commands import Context, command
from services.core.chosen import listed
from services.core.commands import Command
from services.core.cost import told


@command(
    "cost",
    usage="cost",
    summary="Say what models have cost for the plan, by task, purpose and model, and what is likely to come.",
    needs="read",
    about="plan",
)
async def cost(context: Context, _: Command) -> str:
    accounts = await context.engine.cost(context.repo, context.number)
    stored = await context.engine.stored(f"{context.repo}#{context.number}")
    advice = await context.engine.advice(*stored) if stored is not None else []
    run = stored[1] if stored is not None else None
    chosen = await context.engine.chosen(run, list(run.tasks)) if run is not None else {}
    return told(accounts.spent, advice, listed(chosen), is_short=accounts.is_short)
