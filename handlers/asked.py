"""Commands that were given on a page or through the API: carried out as if they stood in a comment, with the permission
that the person has on GitHub now. The answer stands in the comment on the plan's issue too, for everybody else.
"""

from handlers import on
from handlers.acting import carry_out
from handlers.commands import COMMANDS, Context
from handlers.events import ASKED, Event
from services.core.commands import Command, single, with_reason
from services.core.messages import answers, refusals
from services.engine.engine import Engine


@on(ASKED)
async def on_asked(event: Event, engine: Engine) -> None:
    asked = event.asked
    if asked is None or not event.number or await engine.was_heard(f"asked/{asked.id}"):
        return
    command = single(asked.command)
    if command is None or not await engine.sees(event.repo):
        await engine.answered(asked.id, refusals.NOTHING_THERE, went_well=False)
        return
    context = Context(
        engine=engine,
        repo=event.repo,
        number=event.number,
        asked_at=asked.at,
        sender=event.sender.login,
        seen=asked.version,
    )
    answer, went_well = await carry_out(context, _with_reason(command, asked.why), event.repo)
    told = answers.with_reason(answer, asked.why) if asked.why else answer
    if command.verb not in {"help", "ping"}:
        await engine.answer(event.repo, event.number, context.sender, str(command), told)
    await engine.answered(asked.id, answer, went_well=went_well)
    await engine.heard(f"asked/{asked.id}")


def _with_reason(command: Command, why: str) -> Command:
    """A reason has a field of its own there; those that take one in a comment write it into the history."""
    entry = COMMANDS.get(command.verb)
    return with_reason(command, why) if entry is not None and "why=" in entry.usage else command
