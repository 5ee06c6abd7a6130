"""`help`: what the bot understands, made from what is registered."""

from handlers.commands import COMMANDS, Context, command
from services.core.commands import Command


@command("help", usage="help", summary="Show this list.", needs="read", about="anything")
async def help_(_: Context, __: Command) -> str:
    rows = [
        f"| `/lockstep {entry.usage.replace('|', ' or ')}` | {entry.summary} | {entry.needs} |" for _, entry in COMMANDS
    ]
    return "\n".join(["| Command | What it does | Permission needed |", "| --- | --- | --- |", *rows])
