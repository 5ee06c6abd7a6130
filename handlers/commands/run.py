"""`run`: start an approved plan."""

from handlers.commands import Context, command
from services.core.commands import Command


@command("run", usage="run", summary="Start the approved plan.", needs="write", about="plan")
async def run(context: Context, _: Command) -> str:
    started = await context.engine.run(context.repo, context.number, context.sender)
    return f"Started: {len(started.plan.tasks)} tasks. The table above shows how far it is."
