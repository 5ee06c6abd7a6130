"""`rebase`: bring the branches of pull requests up to date with their base. Only heads of the bot's own are touched."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code
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
        raise UserError("Name the task to bring up to date, for example `/lockstep rebase api`.")
    ids = await context.engine.change(context.repo, context.number, "rebasing", targets, context.sender, needs="write")
    if not ids:
        return "Nothing to bring up to date: no open pull request of mine, or it is at it already."
    return f"Bringing up to date: {', '.join(code(task_id) for task_id in ids[:20])}."
