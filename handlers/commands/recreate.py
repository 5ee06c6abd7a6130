"""`recreate`: close a task's pull request, delete its branch and begin anew."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code
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
        raise UserError("Name the task to make anew, for example `/lockstep recreate api`.")
    ids = await context.engine.change(context.repo, context.number, "recreated", targets, context.sender, needs="write")
    if not ids:
        return "Nothing to make anew: those tasks have nothing yet, are being worked on, or are over."
    return f"Making anew: {', '.join(code(task_id) for task_id in ids[:20])}."
