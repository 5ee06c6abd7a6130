"""`resume`: go on after `hold`, and let a pull request wait on that has waited for long."""

from handlers.commands import Context, command
from services.core.board import Wish
from services.core.commands import Command
from services.core.text import code


@command(
    "resume",
    usage="resume [task…|all]",
    summary="Go on after `hold`: the run, the named tasks, or both with `all`.",
    needs="triage",
)
async def resume(context: Context, asked: Command) -> str:
    done = False
    targets = context.targets(asked)
    if not targets or "all" in targets:
        done = await context.engine.wish(context.repo, context.number, Wish(state="running", actor=context.sender))
        if not targets:
            return "Going on." if done else "The run as a whole was not held."
    ids = await context.engine.change(context.repo, context.number, "released", targets, context.sender, needs="triage")
    if ids:
        return f"Going on with {', '.join(code(task_id) for task_id in ids[:20])}."
    return "Going on." if done else "None of those tasks was held."
