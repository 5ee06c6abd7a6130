"""`simulate`: what a plan is likely to take, before anybody approves it."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.simulated import said


@command(
    "simulate",
    usage="simulate",
    summary="Say what the plan is likely to take: time, calls, CI and money, as ranges and with what they go by.",
    needs="write",
    about="plan",
)
async def simulate(context: Context, _: Command) -> str:
    return said(await context.engine.simulate(context.repo, context.number))
