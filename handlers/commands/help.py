"""`help`: what the bot understands, made from what is registered."""

from handlers.commands import COMMANDS, Context, command
from services.core.commands import Command
from services.core.messages import answers


@command("help", usage="help", summary="Show this list.", needs="read", about="anything")
async def help_(_: Context, __: Command) -> str:
    return answers.commands((entry.usage, entry.summary, entry.needs) for _, entry in COMMANDS)
