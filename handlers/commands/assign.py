"""`assign`: a task goes to a person, who merges it by hand or says that it can be skipped; or back to its agent."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.text import code
from services.errors import UserError

EXAMPLE = "Say to whom, for example `/lockstep assign api @ana`, or `/lockstep assign api agent` to give it back."


@command(
    "assign",
    usage="assign task… @login|agent",
    summary="Hand the tasks to a person, whom their tracking issues name; `agent` gives them back.",
    needs="write",
)
async def assign(context: Context, asked: Command) -> str:
    *named, whom = asked.targets or ("",)
    targets = context.targets(Command(verb=asked.verb, targets=tuple(named)))
    login = whom.removeprefix("@")
    if not targets or not login or (whom == login) != (whom == "agent"):
        raise UserError(EXAMPLE)
    if whom == "agent":
        ids = await context.engine.change(
            context.repo, context.number, "retried", targets, context.sender, needs="write"
        )
        return f"Back with the agent: {_named(ids)}." if ids else "Those tasks are with their agent, or over."
    text = f"it is with {code(login)}; merge it by hand, or `/lockstep skip` it once it is done elsewhere"
    ids = await context.engine.change(
        context.repo, context.number, "assigned", targets, context.sender, text, needs="write", name=login
    )
    return f"Handed to {code(login)}: {_named(ids)}." if ids else "Those tasks are over, or with that person already."


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(code(task_id) for task_id in ids[:20])
