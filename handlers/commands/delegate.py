"""`delegate`: a maintainer lets somebody else say certain words in their name, for this text of the plan.

Nobody gains a right by it that the maintainer does not hold at the moment it is used: every permission is asked for
the maintainer again, in each repository the words touch.
"""

from handlers.commands import COMMANDS, Context, command
from services.core.commands import Command
from services.core.delegation import Delegation, login_of
from services.core.text import code
from services.errors import UserError

DEFAULT = ("approve", "run", "retry", "merge")
"""What brings a plan to its end."""
EXAMPLE = (
    "Say whom and, if you like, which commands: `/lockstep delegate @ana approve retry`; "
    "`/lockstep delegate off @ana` takes it back."
)


@command(
    "delegate",
    usage="delegate [off] @login [verb…]",
    summary="Let somebody use these commands in your name, for this text of the plan (approve, run, retry and merge "
    "if none are named); `off` takes it back.",
    needs="maintain",
    about="plan",
)
async def delegate(context: Context, asked: Command) -> str:
    engine, place = context.engine, (context.repo, context.number)
    if not asked.targets:
        return _listed(await engine.lending.of(*place))
    is_off = asked.targets[0] == "off"
    whom, *rest = asked.targets[is_off:] or ("",)
    login, verbs = login_of(whom), tuple(dict.fromkeys(verb.lower() for verb in rest)) or DEFAULT
    if not login or (is_off and rest):
        raise UserError(EXAMPLE)
    if is_off:
        if not await engine.lending.take_back(*place, login, context.sender):
            return f"{code(login)} may do nothing in anybody's name here."
        return f"Taken back from {code(login)}."
    for verb in verbs:
        entry = COMMANDS.get(verb)
        if entry is None or entry.needs == "read" or verb == "delegate":
            raise UserError(f"{code(verb)} can't be delegated; these can: {', '.join(map(code, _lendable()))}.")
    given = Delegation(login=login, by=context.sender, verbs=verbs)
    await engine.lending.give(*place, given, context.asked_at)
    may = ", ".join(map(code, verbs))
    return (
        f"{code(login)} may use {may} in your name, until the plan's text changes or `/lockstep delegate off @{login}`."
    )


def _lendable() -> list[str]:
    return [verb for verb, entry in COMMANDS if entry.needs != "read" and verb != "delegate"]


def _listed(given: list[Delegation]) -> str:
    lines = [
        f"- {code(each.login)} in the name of {code(each.by)}: {', '.join(map(code, each.verbs))}" for each in given
    ]
    return "\n".join(lines) or "Nobody acts in anybody's name here. " + EXAMPLE
