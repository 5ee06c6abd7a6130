"""`retry`: start failed tasks anew, on the base branch as it is now. What was skipped comes back only when it is
named.
"""

from handlers.commands import Context, command, reason
from services.core.commands import Command
from services.core.messages import changes


@command(
    "retry",
    usage='retry [task…|failed|all] [why="…"]',
    summary="Start failed or cancelled tasks again, each anew; what is skipped or a person's only when it is named.",
    needs="write",
)
async def retry(context: Context, asked: Command) -> str:
    targets = context.targets(asked, ("failed",))
    why = reason(asked)
    ids = await context.engine.change(
        context.repo, context.number, "retried", targets, context.sender, why, needs="write"
    )
    return changes.retried(ids, named=targets != ("failed",))
