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
    summary="Have another model of the provider do the tasks of the agent `coder`, from their next attempt on.",
    needs="maintain",
)
async def model(context: Context, asked: Command) -> str:
    name, targets = asked.options.get("model", ""), context.targets(asked)
    if not _NAME.fullmatch(name) or not targets:
        raise UserError(usage.MODEL)
    full = context.engine.model_named(name)
    ids = await context.engine.change(
        context.repo, context.number, "modelled", targets, context.sender, f"model={name}", needs="maintain", name=full
    )
    return changes.modelled(ids, full)
