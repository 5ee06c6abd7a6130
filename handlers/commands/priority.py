"""`priority`: what starts first when there is room for one more. It changes nothing about needs."""

import math

from handlers.commands import Context, command, reason
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError


@command(
    "priority",
    usage='priority task…|all p=N [why="…"]',
    summary="Set which ready task starts first; higher goes first, the plan's own value is the default.",
    needs="triage",
)
async def priority(context: Context, asked: Command) -> str:
    value = _number(asked.options.get("p", ""))
    targets = context.targets(asked)
    if value is None or not targets:
        raise UserError(usage.PRIORITY)
    said = ": ".join(each for each in (f"p={value:g}", reason(asked)) if each)
    ids = await context.engine.change(
        context.repo, context.number, "prioritised", targets, context.sender, said, value, needs="triage"
    )
    return changes.prioritised(ids, value)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= 1_000_000 else None
