"""`refresh`: read everything about a plan anew, now, and say what that changed."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import answers


@command(
    "refresh",
    usage="refresh",
    summary="Read the plan and all its open pull requests anew, now, and say what has changed.",
    needs="write",
    about="plan",
)
async def refresh(context: Context, _: Command) -> str:
    found = await context.engine.refresh(context.repo, context.number)
    return answers.refreshed(found.moved, is_edited=found.edited, read=found.read)
