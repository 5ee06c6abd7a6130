"""`explain`: everything that holds a task or a pull request back, up to what somebody can act on."""

from handlers.commands import Context, command
from services.core.chosen import told as told_why
from services.core.commands import Command
from services.core.explained import told
from services.core.messages import answers, usage
from services.engine.intake import whole
from services.engine.pull_chains import PLACE
from services.errors import NotAllowed, UserError

SHOWN = 10
"""Tasks that are explained in one answer."""


@command(
    "explain",
    usage="explain [task…|org/repo#n]",
    summary="Say what holds the tasks, or a pull request, back, through all they need, who can act, and with which "
    "command.",
    needs="read",
)
async def explain(context: Context, asked: Command) -> str:
    if said := await _of_pull(context, asked):
        return said
    row, run = await context.engine.plan_of(context.repo, context.number)
    if run is None:
        if row.is_approved:
            return answers.WAITS_FOR_RUN
        whole(row)
        return answers.WAITS_FOR_APPROVAL
    chains = await context.engine.explain(run, context.targets(asked))
    if not chains:
        return answers.NOTHING_HELD_BACK
    shown = list(chains)[:SHOWN]
    found = await context.engine.chosen(run, shown, own=context.task)
    models = {task_id: told_why(each) for task_id, each in found.items()}
    parts = [(told(run, task_id, chains[task_id], context.hidden), models.get(task_id, "")) for task_id in shown]
    texts = ["\n\n".join(filter(None, each)) for each in parts]
    return answers.explained(texts, len(chains) - len(texts))


async def _of_pull(context: Context, asked: Command) -> str:
    """What is said of a pull request that is no task's of the plan here; "" where none is meant."""
    engine, here = context.engine, (context.repo, context.number)
    if not asked.targets and not context.task and await engine.stored(f"{context.repo}#{context.number}") is None:
        return await engine.pull_chains.told(context.repo, *here)
    named = PLACE.match(asked.targets[0]) if len(asked.targets) == 1 else None
    if named is None or context.task or await engine.is_of_plan(*here, asked.targets[0]):
        return ""
    if not await engine.sees(named["repo"]):
        raise UserError(usage.ASK_THERE)
    try:
        await engine.may(context.sender, "read", [named["repo"]])
    except NotAllowed:  # told apart from what is not there, it would say what is
        raise UserError(usage.ASK_THERE) from None
    if said := await engine.pull_chains.told(context.repo, named["repo"], int(named["number"])):
        return said
    raise UserError(usage.no_pull_request(asked.targets[0]))
