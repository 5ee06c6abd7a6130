"""Comments: commands of people. Created comments only, no bots, each comment once, and the sender's permission is
asked of GitHub now.
"""

from handlers import on
from handlers.commands import COMMANDS, Context, refusal
from handlers.events import Event
from services.core import messages
from services.core.commands import Command, parse_commands
from services.core.plan_text import nearest
from services.engine.engine import Engine
from services.errors import UserError


@on("issue_comment")
async def on_comment(event: Event, engine: Engine) -> None:
    """👀 when a command is read, then 👍 or 😕; the answer goes into the one comment kept up to date."""
    if event.repo and event.number:
        engine.forget(event.repo, f"comments:{event.number}", f"issue:{event.number}", told=event.told)
    comment = event.comment
    if (
        event.action != "created"
        or comment is None
        or not event.number
        or event.sender.is_bot
        or comment.via_app
        or comment.author.is_bot
    ):
        return
    commands = parse_commands(comment.body)
    if not commands or not await engine.sees(event.repo) or await engine.was_heard(comment.id):
        return
    await engine.react(event.repo, comment.id, "eyes")
    context = Context(
        engine=engine,
        repo=event.repo,
        number=event.number,
        asked_at=comment.created_at,
        sender=event.sender.login,
    )
    went_well = True
    for command in commands:
        went_well = await _carry_out(context, command) and went_well
    await engine.heard(comment.id)
    await engine.react(event.repo, comment.id, "+1" if went_well else "confused")


async def _carry_out(context: Context, command: Command) -> bool:
    """Run one command and post its answer; True when it did what was asked."""
    try:
        answer, fine = await _run(context, command), True
    except UserError as error:
        answer, fine = str(error), False
    if answer:
        await context.engine.answer(context.repo, context.number, context.sender, str(command), answer)
    return fine


async def _run(context: Context, command: Command) -> str:
    entry = COMMANDS.get(command.verb)
    if command.problem or entry is None:
        near = nearest(command.verb, COMMANDS.names())
        raise UserError(command.problem or messages.unknown_verb(near or ""))
    role = await context.engine.permission(context.repo, context.sender)
    if said := refusal(entry, role):
        raise UserError(said)
    return await entry.run(context, command)
