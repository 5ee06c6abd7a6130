"""`resume`: go on after `hold`."""

from handlers.commands import Context, command
from services.core.board import Wish
from services.core.commands import Command
from services.core.text import code


@command("resume", usage="resume [task…]", summary="Go on after `hold`.", needs="triage")
async def resume(context: Context, asked: Command) -> str:
    if not asked.targets:
        done = await context.engine.wish(context.repo, context.number, Wish(state="running", actor=context.sender))
        return "Going on." if done else "The run as a whole was not held."
    ids = await context.engine.change(context.repo, context.number, "released", asked.targets, context.sender)
    return (
        f"Going on with {', '.join(code(task_id) for task_id in ids[:20])}." if ids else "None of those tasks was held."
    )
