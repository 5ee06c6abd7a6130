"""`recreate`: close a task's pull request, delete its branch and begin anew."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError


@command(
    "recreate",
    usage="recreate task…",
    summary="Close the tasks' pull requests, delete their branches, and start new attempts on the base as it is now.",
    needs="write",
)
async def recreate(context: Context, asked: Command) -> str:
    targets = context.targets(asked)
    if not targets:
        raise UserError(usage.RECREATE)
    ids = await context.engine.change(context.repo, context.number, "recreated", targets, context.sender, needs="write")
    return changes.recreated(ids)
