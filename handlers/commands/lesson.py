"""`lesson`: what reviews have taught, for maintainers to approve before any agent is told."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.lessons import VERBS, listed
from services.core.messages import changes, refusals, usage
from services.errors import UserError


@command(
    "lesson",
    usage="lesson [approve|veto|retire|delete id]",
    summary="List what reviews of this plan's repositories have taught, or decide which of it later tasks are told.",
    needs="maintain",
)
async def lesson(context: Context, asked: Command) -> str:
    _, run = await context.engine.plan_of(context.repo, context.number)
    if run is None:
        raise UserError(refusals.NOT_RUN_YET)
    if not asked.targets:
        found = await context.engine.learned.of(run, context.sender)
        return listed(found, await context.engine.learned.known(found))
    word, *ids = asked.targets
    verb = next((each for each in VERBS if each == word), None)
    if verb is None or len(ids) != 1:
        raise UserError(usage.lesson(VERBS))
    await context.engine.learned.decide(run, ids[0], verb, context.sender)
    return changes.lesson(ids[0], verb)
