"""`unapprove`: take an approval back. A run of the plan is held at once and goes on only after a new approval."""

from handlers.commands import Context, command
from services.core.commands import Command


@command(
    "unapprove",
    usage="unapprove",
    summary="Take the approval back; a run under way is held, and goes on only after `approve` and `resume`.",
    needs="maintain",
    about="plan",
)
async def unapprove(context: Context, _: Command) -> str:
    state = await context.engine.unapprove(context.repo, context.number, context.sender)
    if not state:
        return "The approval is taken back. `/lockstep approve` gives it again."
    return (
        "The approval is taken back, and the run is held: what is being worked on comes to its end, nothing more is "
        "started or merged. `/lockstep approve` and `/lockstep resume` go on."
    )
