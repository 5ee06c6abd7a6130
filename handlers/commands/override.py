"""`override`: one check, or one need, no longer counts for the head as it is now. A new head voids that.

Of a person's pull request that is no task's it is a need that the description names.
"""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.core.task_state import Override
from services.core.text import visible
from services.errors import UserError

BY_NAME = ("check", "need")
"""What may also be said as `check=lint`."""


@command(
    "override",
    usage='override [task] check|need [why="…"]',
    summary="This check, or this need, no longer counts for the pull request as it is now; a new head voids it.",
    needs="maintain",
)
async def override(context: Context, asked: Command) -> str:
    if unknown := next((key for key in asked.options if key not in {*BY_NAME, "why"}), ""):
        raise UserError(usage.unknown_option("override", unknown, 'why="…"'))
    *task, name = (*asked.targets, *(asked.options[key] for key in BY_NAME if key in asked.options)) or ("",)
    why = visible(asked.options.get("why", ""), 100)
    if name and not (task or context.task) and (lifted := await _of_pull(context, name, why)):
        return changes.lifted(lifted)
    if not name or len(task) > 1 or not (task or context.task):
        raise UserError(usage.OVERRIDE)
    meant = context.targets(Command(verb=asked.verb, targets=tuple(task)))
    task_id, done = await context.engine.override(context.repo, context.number, meant, name, context.sender, why)
    return changes.overridden(task_id, done)


async def _of_pull(context: Context, name: str, why: str) -> Override | None:
    """What is noted of a pull request that is no task's; None where a plan is meant."""
    engine, repo, number = context.engine, context.repo, context.number
    if await engine.stored(f"{repo}#{number}") is not None:
        return None
    return await engine.lift(repo, number, name, context.sender, why)
