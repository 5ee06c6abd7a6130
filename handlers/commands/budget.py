"""`budget`: what the model may cost for a task, in place of what its plan says. What the operator allows for a plan and
for a day stays the bound.
"""

from decimal import Decimal, InvalidOperation

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError

MOST = Decimal(100_000)


@command(
    "budget",
    usage="budget task…|all usd=N",
    summary="Set what a model may cost for each of the tasks, all attempts together, in US dollars.",
    needs="maintain",
)
async def budget(context: Context, asked: Command) -> str:
    money, targets = _money(asked.options.get("usd", "")), context.targets(asked)
    if money is None or not targets:
        raise UserError(usage.BUDGET)
    text = f"{money.normalize():f}"
    place = (context.repo, context.number)
    ids, left_out = await context.engine.set_for_models(
        *place, "budgeted", targets, context.sender, f"usd={text}", name=text
    )
    return changes.budgeted(ids, money, left_out)


def _money(text: str) -> Decimal | None:
    try:
        money = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        return None
    return money if money.is_finite() and 0 <= money <= MOST else None
