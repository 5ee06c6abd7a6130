"""`delegate`: a maintainer lets somebody else say certain words in their name, for this text of the plan.

Nobody gains a right by it that the maintainer does not hold at the moment it is used: every permission is asked for
the maintainer again, in each repository the words touch.
"""

from handlers.commands import COMMANDS, Context, command
from services.core.commands import Command
from services.core.delegation import Delegation, login_of
from services.core.messages import answers, usage
from services.errors import UserError

DEFAULT = ("approve", "run", "retry", "merge")
"""What brings a plan to its end."""


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
        return answers.who_acts(await engine.lending.of(*place), usage.DELEGATE)
    is_off = asked.targets[0] == "off"
    whom, *rest = asked.targets[is_off:] or ("",)
    login, verbs = login_of(whom), tuple(dict.fromkeys(verb.lower() for verb in rest)) or DEFAULT
    if not login or (is_off and rest):
        raise UserError(usage.DELEGATE)
    if is_off:
        was_lent = await engine.lending.take_back(*place, login, context.sender)
        return answers.taken_back_from(login, was_lent=was_lent)
    for verb in verbs:
        entry = COMMANDS.get(verb)
        if entry is None or entry.needs == "read" or verb == "delegate":
            raise UserError(usage.not_lendable(verb, _lendable()))
    given = Delegation(login=login, by=context.sender, verbs=verbs)
    await engine.lending.give(*place, given, context.asked_at)
    return answers.lent(given)


def _lendable() -> list[str]:
    return [verb for verb, entry in COMMANDS if entry.needs != "read" and verb != "delegate"]
