"""`replan`: read the issue anew and say what its text changes; where it holds no plan, have a model draft one. Nothing
of that is carried out: that takes an approval.
"""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import answers
from services.core.plan_diff import diff
from services.engine.intake import whole


@command(
    "replan",
    usage="replan",
    summary="Read the issue anew, now, and say what its text changes in the plan that runs; where it holds no plan, "
    "have a model draft one. It starts nothing.",
    needs="write",
    about="plan",
)
async def replan(context: Context, _: Command) -> str:
    if drafting := await context.engine.draft(context.repo, context.number, context.sender, context.asked_at):
        return drafting
    row, run = await context.engine.reread(context.repo, context.number)
    new = whole(row)
    if run is None or run.finished_at is not None:
        return answers.read_anew(len(new.tasks))
    found = diff(run.plan, new)
    return answers.SAME_TEXT if found.is_empty else answers.differs(found, run)
