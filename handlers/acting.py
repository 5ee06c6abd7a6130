"""Doing what a person asks for, however it was said: the sender's permission is asked of GitHub now."""

import msgspec

from handlers.commands import COMMANDS, Context, Entry, refusal
from services.core.commands import Command
from services.core.messages import answers, usage
from services.core.plan_text import nearest
from services.errors import NotAllowed, UserError

MEANT = {
    "pause": "hold",
    "unpause": "resume",
    "continue": "resume",
    "stop": "cancel",
    "abort": "cancel",
    "start": "run",
}
"""Words for what has another name here."""


async def carry_out(context: Context, command: Command, where: str) -> tuple[str, bool]:
    """Run one command that was said in repository `where`; its answer, and whether it did what was asked."""
    try:
        return await _run(context, command, where), True
    except UserError as error:
        return str(error), False


async def _run(context: Context, command: Command, where: str) -> str:
    entry = COMMANDS.get(command.verb)
    if command.problem or entry is None:
        near = MEANT.get(command.verb) or nearest(command.verb, COMMANDS.names())
        raise UserError(command.problem or usage.unknown_verb(near or ""))
    try:
        return await _as_oneself(entry, context, command, where)
    except NotAllowed:  # which is found out before anything has happened
        place = (context.repo, context.number)
        if entry.about == "plan" and context.task:
            raise  # what is lent for the plan as a whole is said on its issue too
        lending = context.engine.lending
        lent = await lending.borrow(place, where, context.sender, command.verb, entry.needs, str(command))
        if lent is None:
            raise
    in_a_name = msgspec.structs.replace(context, sender=lent.by, said_by=context.sender)
    return answers.in_the_name_of(lent.by, await entry.run(in_a_name, command))


async def _as_oneself(entry: Entry, context: Context, command: Command, where: str) -> str:
    role = await context.engine.permission(where, context.sender)
    if said := refusal(entry, role):
        raise NotAllowed(said)
    if entry.about == "plan" and context.task:
        raise UserError(usage.about_the_plan(command.verb))
    return await entry.run(context, command)
