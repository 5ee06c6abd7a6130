"""Comments: commands of people. Created comments only, no bots, each comment once, and the sender's permission is
asked of GitHub now.
"""

from handlers import on
from handlers.acting import carry_out
from handlers.commands import COMMANDS, Context
from handlers.events import Event
from services.core.commands import Command, may_hold_aliases, parse_commands
from services.engine.engine import Engine
from services.errors import Unreadable


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
    commands = await _commands(comment.body, event.repo, engine)
    if not commands or not await engine.sees(event.repo) or await engine.was_heard(comment.id):
        return
    await engine.react(event.repo, comment.id, "eyes")
    try:
        place = await engine.place_of(event.repo, event.number, event.issue.body if event.issue is not None else "")
    except Unreadable:  # nor can the comment be written that the answer would stand in
        await engine.react(event.repo, comment.id, "confused")
        raise
    context = Context(
        engine=engine,
        repo=place.repo,
        number=place.number,
        asked_at=comment.created_at,
        sender=event.sender.login,
        task=place.task,
        hidden=place.hidden,
    )
    went_well = True
    for index, command in enumerate(commands):
        act = f"{comment.id}/{index}"
        if len(commands) > 1 and await engine.was_heard(act):  # before an outage: the next one met it
            went_well = went_well and not await engine.was_heard(f"{act}/vain")
            continue
        answer, fine = await carry_out(context, command, event.repo)
        went_well = went_well and fine
        if answer:
            await engine.answer(event.repo, event.number, context.sender, str(command), answer)
        if len(commands) > 1:
            if not fine:
                await engine.heard(f"{act}/vain")
            await engine.heard(act)
    await engine.heard(comment.id)
    await engine.react(event.repo, comment.id, "+1" if went_well else "confused")


async def _commands(body: str, repo: str, engine: Engine) -> tuple[Command, ...]:
    """With the words that the repository has for verbs; they are asked for only where there may be one, and a word that
    is a verb stays that verb.
    """
    verbs = COMMANDS.names()
    if not may_hold_aliases(body, verbs) or not await engine.sees(repo):
        return parse_commands(body)
    aliases = await engine.aliases(repo)
    return parse_commands(body, {word: verb for word, verb in aliases.items() if word not in verbs})
