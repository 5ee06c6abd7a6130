"""`cancel`: stop tasks, or the whole run. Pull requests that are open stay open, for people to decide on."""

from handlers.commands import Context, command
from services.core.commands import Command


@command(
    "cancel",
    usage="cancel [task…|all]",
    summary="Stop the named tasks, or the whole run; open pull requests stay open.",
    needs="write",
)
async def cancel(context: Context, asked: Command) -> str:
    targets = context.targets(asked, ("all",))
    ids = await context.engine.change(context.repo, context.number, "cancelled", targets, context.sender, needs="write")
    if not ids:
        return "Nothing to cancel: those tasks are over already."
    return f"Cancelled {len(ids)} task{'s' * (len(ids) != 1)}. Open pull requests stay open, merged ones stay merged."
