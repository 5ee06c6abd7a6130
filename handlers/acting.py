"""Doing what a person asks for, however it was said: the sender's permission is asked of GitHub now."""

from handlers.commands import COMMANDS, Context, refusal
from services.core import messages
from services.core.commands import Command
from services.core.plan_text import nearest
from services.errors import UserError


async def carry_out(context: Context, command: Command, where: str) -> tuple[str, bool]:
    """Run one command that was said in repository `where`; its answer, and whether it did what was asked."""
    try:
        return await _run(context, command, where), True
    except UserError as error:
        return str(error), False


async def _run(context: Context, command: Command, where: str) -> str:
    entry = COMMANDS.get(command.verb)
    if command.problem or entry is None:
        near = nearest(command.verb, COMMANDS.names())
        raise UserError(command.problem or messages.unknown_verb(near or ""))
    role = await context.engine.permission(where, context.sender)
    if said := refusal(entry, role):
        raise UserError(said)
    if entry.about == "plan" and context.task:
        raise UserError(messages.about_the_plan(command.verb))
    return await entry.run(context, command)
