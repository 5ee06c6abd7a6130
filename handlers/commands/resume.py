"""`resume`: go on after `hold`, and let a pull request wait on that has waited for long."""

from handlers.commands import Context, command, reason
from services.core.board import Wish
from services.core.commands import Command
from services.core.messages import changes


@command(
    "resume",
    usage='resume [task…|all] [why="…"]',
    summary="Go on after `hold`: the run, the named tasks, or both with `all`.",
    needs="triage",
)
async def resume(context: Context, asked: Command) -> str:
    done, why = False, reason(asked)
    targets = context.targets(asked)
    if not targets or "all" in targets:
        wish = Wish(state="running", actor=context.sender, text=why)
        done = await context.engine.wish(context.repo, context.number, wish)
        if not targets:
            return changes.GOING_ON if done else changes.NOT_HELD
    ids = await context.engine.change(
        context.repo, context.number, "released", targets, context.sender, why, needs="triage"
    )
    return changes.released(ids, with_run=done)
