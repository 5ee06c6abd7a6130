"""`skip`: leave tasks out; what needs them goes on as if they were done."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code
from services.errors import UserError


@command("skip", usage="skip task…", summary="Leave tasks out; what needs them goes on.", needs="write")
async def skip(context: Context, asked: Command) -> str:
    targets = context.targets(asked)
    if not targets:
        raise UserError("Name the task to leave out, for example `/lockstep skip docs`.")
    ids = await context.engine.change(context.repo, context.number, "skipped", targets, context.sender, needs="write")
    return (
        f"Skipped: {', '.join(code(task_id) for task_id in ids[:20])}."
        if ids
        else "Nothing to skip: those tasks are over already."
    )
