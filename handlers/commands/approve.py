"""`approve`: a person with the right to merge says that this text, and no other, may run."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code


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
    version = code(given.plan.hash[:12])
    if given.changes:
        return f"Approved as {version}, and the run has taken it over: {given.changes}."
    if given.is_enough:
        return f"Approved as {version}. `/lockstep run` starts it."
    so_far = f"{len(given.by)} of {given.required} approvals of {version}."
    return f"{so_far} Another person's `/lockstep approve` is still needed."
