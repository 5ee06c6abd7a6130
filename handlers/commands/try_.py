"""`try`: have CI judge the merge of a pull request with its base as it is now. It is never merged by that."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import tries, usage
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
        raise UserError(usage.TRY)
    if context.said_by and any("#" in target for target in asked.targets):
        raise UserError(usage.TRY_FOR_ANOTHER)
    repo, number = await trying.meant(context.repo, context.number, context.targets(asked))
    if not await context.engine.sees(repo):
        raise NotAllowed(usage.not_allowed_there(repo, "write", "none"))
    await context.engine.may(context.sender, "write", [repo])
    return tries.begun(await trying.ask(repo, number, context.sender))
