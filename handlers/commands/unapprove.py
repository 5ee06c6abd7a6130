"""`unapprove`: take an approval back. A run of the plan is held at once and goes on only after a new approval."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import answers


@command(
    "unapprove",
    usage="unapprove",
    summary="Take the approval back; a run under way is held, and goes on only after `approve` and `resume`.",
    needs="maintain",
    about="plan",
)
async def unapprove(context: Context, _: Command) -> str:
    state = await context.engine.unapprove(context.repo, context.number, context.sender)
    return answers.APPROVAL_TAKEN_BACK_AND_HELD if state else answers.APPROVAL_TAKEN_BACK
