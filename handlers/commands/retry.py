"""`retry`: start failed tasks anew, on the base branch as it is now."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code


@command(
    "retry",
    usage="retry [task…|failed]",
    summary="Start failed or cancelled tasks again, each with a new attempt.",
    needs="write",
)
async def retry(context: Context, asked: Command) -> str:
    ids = await context.engine.change(
        context.repo, context.number, "retried", asked.targets or ("failed",), context.sender
    )
    if not ids:
        return "Nothing to retry: no such task has failed or was cancelled."
    return f"Trying again: {', '.join(code(task_id) for task_id in ids[:20])}{' …' if len(ids) > 20 else ''}."
