"""`run`: start an approved plan; with the name of a flow, make a plan of the issue for the flow's repositories."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.errors import UserError


@command(
    "run",
    usage="run [flow=name]",
    summary="Start the approved plan; `flow=name` makes a plan of an issue that holds none, one task for each "
    "repository of that flow, and posts it for approval.",
    needs="write",
    about="plan",
)
async def run(context: Context, asked: Command) -> str:
    if unknown := next((key for key in asked.options if key != "flow"), ""):
        raise UserError(f"`run` has no option `{unknown}`; it takes `flow=name`.")
    if flow := asked.options.get("flow", ""):
        if context.said_by:
            raise UserError("A flow is asked for in one's own name.")
        engine = context.engine
        return await engine.flows.start(context.repo, context.number, context.sender, context.asked_at, flow)
    started = await context.engine.run(context.repo, context.number, context.sender)
    return f"Started: {len(started.plan.tasks)} tasks. The table above shows how far it is."
