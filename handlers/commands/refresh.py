"""`refresh`: read everything about a plan anew, now, and say what that changed."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.report import WORDS
from services.core.text import code

SHOWN = 20


@command(
    "refresh",
    usage="refresh",
    summary="Read the plan and all its open pull requests anew, now, and say what has changed.",
    needs="write",
    about="plan",
)
async def refresh(context: Context, _: Command) -> str:
    found = await context.engine.refresh(context.repo, context.number)
    lines = [
        "The plan's text has changed since I last read it." if found.edited else "The plan's text is as I knew it."
    ]
    if found.read:
        lines.append(f"I looked at {found.read} open pull request{'s' * (found.read != 1)}.")
    for task_id, (before, after) in list(found.moved.items())[:SHOWN]:
        change = f"{WORDS[before.state]} → {WORDS[after.state]}" if before.state != after.state else WORDS[after.state]
        lines.append(f"- {code(task_id)} {change}{f': {after.reason}' if after.reason else ''}")
    if len(found.moved) > SHOWN:
        lines.append(f"- … and {len(found.moved) - SHOWN} more")
    elif not found.moved and not found.edited:
        lines.append("Nothing has changed.")
    return "\n".join(lines)
