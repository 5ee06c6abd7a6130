"""`rebase`: bring the branches of pull requests up to date with their base. Only heads of the bot's own are touched."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError


@command(
    "rebase",
    usage="rebase task…",
    summary="Merge the base branch into the tasks' pull requests; their checks run again.",
    needs="write",
)
async def rebase(context: Context, asked: Command) -> str:
    targets = context.targets(asked)
    if not targets:
        raise UserError(usage.REBASE)
    ids = await context.engine.change(context.repo, context.number, "rebasing", targets, context.sender, needs="write")
    return changes.rebasing(ids)
