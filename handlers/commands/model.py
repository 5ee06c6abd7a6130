"""`model`: which model does a task, in place of what its plan says, from its next attempt on."""

import re

from handlers.commands import Context, command
from services.core.commands import Command
from services.core.messages import changes, usage
from services.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")


@command(
    "model",
    usage="model task…|all model=NAME",
    summary="Have another model do the tasks, from their next attempt on; those whose agents ask none are left out.",
    needs="maintain",
)
async def model(context: Context, asked: Command) -> str:
    name, targets = asked.options.get("model", ""), context.targets(asked)
    if not _NAME.fullmatch(name) or not targets:
        raise UserError(usage.MODEL)
    full = context.engine.model_named(name)
    place = (context.repo, context.number)
    ids, left_out = await context.engine.set_for_models(
        *place, "modelled", targets, context.sender, f"model={name}", name=full
    )
    return changes.modelled(ids, full, left_out)
