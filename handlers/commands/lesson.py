"""`lesson`: what reviews have taught, for maintainers to approve before any agent is told."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.lessons import VERBS, listed
from services.core.text import code
from services.errors import UserError

_DONE: dict[str, str] = {
    "approve": "is told to later tasks of its repository from now on",
    "veto": "is told to nobody",
    "retire": "is told to nobody any more",
    "delete": "is deleted",
}


@command(
    "lesson",
    usage="lesson [approve|veto|retire|delete id]",
    summary="List what reviews of this plan's repositories have taught, or decide which of it later tasks are told.",
    needs="maintain",
)
async def lesson(context: Context, asked: Command) -> str:
    _, run = await context.engine.plan_of(context.repo, context.number)
    if run is None:
        raise UserError("Nothing was learned before the plan has run.")
    if not asked.targets:
        return listed(await context.engine.learned.of(run, context.sender))
    word, *ids = asked.targets
    verb = next((each for each in VERBS if each == word), None)
    if verb is None or len(ids) != 1:
        raise UserError(f"Say {', '.join(map(code, VERBS))} and a lesson's id; `/lockstep lesson` lists them.")
    await context.engine.learned.decide(run, ids[0], verb, context.sender)
    return f"The lesson {code(ids[0])} {_DONE[verb]}."
