"""`hold`: nothing new is started or merged, of the whole run or of some tasks, until `resume`. What runs comes to its
end."""

from handlers.commands import Context, command, reason
from services.core.board import Wish
from services.core.commands import Command
from services.core.messages import changes


@command(
    "hold",
    usage='hold [task…] [why="…"]',
    summary="Start and merge nothing more, in the whole run or of the named tasks, until `resume`.",
    needs="triage",
)
async def hold(context: Context, asked: Command) -> str:
    why = reason(asked)
    targets = context.targets(asked)
    if not targets:
        wish = Wish(state="paused", actor=context.sender, text=why)
        done = await context.engine.wish(context.repo, context.number, wish)
        return changes.HELD_ALL if done else changes.HELD_ALREADY
    ids = await context.engine.change(
        context.repo, context.number, "held", targets, context.sender, why, needs="triage"
    )
    return changes.held(ids)
