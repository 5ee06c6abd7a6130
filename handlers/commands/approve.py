"""`approve`: a person with the right to merge says that this text, and no other, may run."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import answers


@command(
    "approve",
    usage="approve",
    summary="Approve the plan as it stands; a run of an earlier text takes it over. An edit takes the approval back.",
    needs="maintain",
    about="plan",
)
async def approve(context: Context, _: Command) -> str:
    given = await context.engine.approve(
        context.repo, context.number, context.sender, context.asked_at, context.said_by, seen=context.seen
    )
    return answers.approved(
        given.plan.hash, given=len(given.by), required=given.required, changes=given.changes, run=given.run
    )
