"""`run`: start an approved plan; with the name of a flow, make a plan of the issue for the flow's repositories."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import answers, usage
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
        raise UserError(usage.unknown_option("run", unknown, "flow=name"))
    if flow := asked.options.get("flow", ""):
        if context.said_by:
            raise UserError(usage.FLOW_FOR_ANOTHER)
        engine = context.engine
        return await engine.flows.start(context.repo, context.number, context.sender, context.asked_at, flow)
    return answers.started(await context.engine.run(context.repo, context.number, context.sender))
