"""`try`: have CI judge the merge of a pull request with its base as it is now. It is never merged by that."""

from handlers.commands import Context, command
from services.core import messages
from services.core.commands import Command
from services.core.text import code
from services.errors import NotAllowed, UserError


@command(
    "try",
    usage="try [task|org/repo#n]",
    summary="Let CI run on the merge of a pull request with its base as it is now; nothing is merged.",
    needs="write",
)
async def try_(context: Context, asked: Command) -> str:
    trying = context.engine.trying
    if len(asked.targets) > 1:
        raise UserError("One at a time: `/lockstep try api`, or `/lockstep try owner/repo#n`.")
    if context.said_by and any("#" in target for target in asked.targets):
        raise UserError("In somebody else's name only the tasks of this plan can be tried.")
    repo, number = await trying.meant(context.repo, context.number, context.targets(asked))
    if not await context.engine.sees(repo):
        raise NotAllowed(messages.not_allowed_there(repo, "write", "none"))
    await context.engine.may(context.sender, "write", [repo])
    place = await trying.ask(repo, number, context.sender)
    return f"Trying the merge of {code(place)} with its base; what comes of it stands there."
