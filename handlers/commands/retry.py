"""`retry`: start failed tasks anew, on the base branch as it is now. What was skipped comes back only when it is
named.
"""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code


@command(
    "retry",
    usage="retry [task…|failed|all]",
    summary="Start failed or cancelled tasks again, each with a new attempt; a skipped one only when it is named.",
    needs="write",
)
async def retry(context: Context, asked: Command) -> str:
    targets = context.targets(asked, ("failed",))
    ids = await context.engine.change(context.repo, context.number, "retried", targets, context.sender, needs="write")
    if not ids:
        which = "none of those tasks has failed or was cancelled" if targets != ("failed",) else "no task has failed"
        return f"Nothing to retry: {which}."
    return f"Trying again: {', '.join(code(task_id) for task_id in ids[:20])}{' …' if len(ids) > 20 else ''}."
