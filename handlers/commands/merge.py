"""`merge`: look at a pull request now and merge it if it may be merged. Needs, holds and checks still count."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError


@command(
    "merge",
    usage="merge task…",
    summary="Merge the tasks' pull requests now if nothing is missing; says what is missing if something is.",
    needs="maintain",
)
async def merge(context: Context, asked: Command) -> str:
    targets = context.targets(asked)
    if not targets:
        raise UserError(usage.MERGE)
    ids = await context.engine.merge_now(context.repo, context.number, targets, context.sender, hidden=context.hidden)
    return changes.merging(ids)
