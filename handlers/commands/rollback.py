"""`rollback`: take back what tasks have merged, by pull requests that revert, in reverse order."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code
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
        raise UserError("Name what to take back, for example `/lockstep rollback api`, or `all`.")
    ids = await context.engine.rollback(context.repo, context.number, targets, context.sender)
    if not ids:
        return "Nothing to take back: those tasks have merged nothing, or are being taken back already."
    shown = ", ".join(code(task_id) for task_id in ids[:20])
    return f"Taking back {shown}{', …' * (len(ids) > 20)}: the pull requests follow, each behind those that need it."
