"""`assign`: a task goes to a person, who merges it by hand or says that it can be skipped; or back to its agent."""

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, reasons, usage
from services.core.targets import chosen
from services.core.task_state import ENDED, TaskState
from services.errors import UserError


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
        raise UserError(usage.ASSIGN)
    if whom == "agent":
        ids = await context.engine.change(
            context.repo, context.number, "retried", targets, context.sender, needs="write"
        )
        return changes.given_back(ids)
    if await context.engine.is_nobody(context.repo, login):
        raise UserError(usage.nobody(login))
    why = reasons.assigned(login)
    ids = await context.engine.change(
        context.repo, context.number, "assigned", targets, context.sender, why, needs="write", name=login
    )
    _, run = await context.engine.plan_of(context.repo, context.number)
    theirs = [each for each in chosen(run, targets) if _is_with(run.tasks[each], login)] if run is not None else []
    await context.engine.attach_open(context.repo, context.number, theirs)  # also where an outage let it down before
    return changes.assigned(ids or theirs, login)


def _is_with(task: TaskState, login: str) -> bool:
    return task.state not in ENDED and task.assignee.lower() == login.lower()
