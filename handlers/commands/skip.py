"""`skip`: leave tasks out; what needs them goes on as if they were done."""

from handlers.commands import Context, command, reason
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError


@command("skip", usage='skip task… [why="…"]', summary="Leave tasks out; what needs them goes on.", needs="write")
async def skip(context: Context, asked: Command) -> str:
    targets = context.targets(asked)
    if not targets:
        raise UserError(usage.SKIP)
    why = reason(asked)
    ids = await context.engine.change(
        context.repo, context.number, "skipped", targets, context.sender, why, needs="write"
    )
    return changes.skipped(ids)
