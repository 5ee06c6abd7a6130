"""`rollback`: take back what tasks have merged, by pull requests that revert, in reverse order."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError


@command(
    "rollback",
    usage="rollback task…|all",
    summary="Open pull requests that take back what the tasks have merged, what needs them first; people merge those.",
    needs="maintain",
)
async def rollback(context: Context, asked: Command) -> str:
    targets = context.targets(asked)
    if not targets:
        raise UserError(usage.ROLLBACK)
    ids = await context.engine.rollback(context.repo, context.number, targets, context.sender)
    return changes.rolled_back(ids)
