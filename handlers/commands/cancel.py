"""`cancel`: stop tasks, or the whole run. Pull requests that are open stay open, for people to decide on."""

from handlers.commands import Context, command, reason
from services.core.commands import Command
from services.core.messages import changes


@command(
    "cancel",
    usage='cancel [task…|all] [why="…"]',
    summary="Stop the named tasks, or the whole run; open pull requests stay open.",
    needs="write",
)
async def cancel(context: Context, asked: Command) -> str:
    targets = context.targets(asked, ("all",))
    why = reason(asked)
    ids = await context.engine.change(
        context.repo, context.number, "cancelled", targets, context.sender, why, needs="write"
    )
    return changes.cancelled(ids)
