"""Why a model was chosen: one sentence a person can check, with the numbers it goes by.

Shares are given in a hundred and money in dollars, both at the mean of what is known; a choice that tries something
out says so, because its numbers alone would not explain it.
"""

from collections.abc import Mapping

import msgspec

from services.core.choose import Choice
from services.core.text import code, cut, plain

LISTED = 20
"""Tasks whose model is explained in one list."""
LONGEST = 300
"""Characters of one explanation there."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one attempt was given. tier: "" where there is none of that model; model: as `provider:name`, "" where the
    agent has none. why: a sentence; reasons: what else went into it.

    after: another tier has failed at the task.  again: the same tier goes on, told what was wrong.  left: tiers that
    may be tried when it fails, by what was known then.
    """

    tier: str = ""
    model: str = ""
    why: str = ""
    reasons: tuple[str, ...] = ()
    after: bool = False
    again: bool = False
    left: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """For one line of many."""
        return f"model {code(self.tier or self.model)}" if self.model else ""


def goes_on(tier: str) -> str:
    """Why an attempt that follows a repair or a review has the same model."""
    return f"{code(tier)} goes on, told what was wrong with its last attempt."


def carried(tier: str) -> str:
    """Why an attempt that takes over what was made has the same model."""
    return f"{code(tier)} goes on, where what was made can't be carried over without it."


def asked_for(tier: str) -> str:
    """Why there is another attempt although none is left by the policy."""
    return f"{code(tier)}, because another attempt was asked for, and all others have been tried."


def named(name: str, *, by_person: bool) -> str:
    return f"{'A maintainer' if by_person else 'The plan'} names {code(name)}."


def no_money_for(tier: str) -> str:
    """Why a larger one was not looked at."""
    return f"What is left of the budget would not pay for {code(tier)}."


def told(chosen: Chosen) -> str:
    """All that is to be said about it, one bullet a sentence; "" where nothing was chosen."""
    if not chosen.why:
        return ""
    return "\n".join(f"- {sentence}" for sentence in (f"Model: {chosen.why}", *chosen.reasons))


def listed(chosen: Mapping[str, Chosen]) -> list[str]:
    """Which model each of these tasks was given and why, a bullet each; the first ones where they are many."""
    said = [f"- {code(task)}: {cut(each.why, LONGEST)}" for task, each in chosen.items() if each.why]
    return [*said[:LISTED], *([f"- … and {len(said) - LISTED} more"] if len(said) > LISTED else [])]


def why(choice: Choice, *, is_bare: bool = False) -> str:
    """One sentence about the choice. is_bare: without figures, where what they go by may not be told."""
    if not choice.tier:
        return _nobody(choice)
    name = code(choice.tier)
    if choice.policy == "fixed":
        said = f"{name}, because the settings name it for every task"
    elif choice.policy == "cascade":
        said = f"{name}, the next in order; what fails its checks goes on to {_rest(choice)}"
    elif choice.repays:
        said = f"{name} alone, until what trying others has cost is made up for"
    elif choice.explores:
        said = f"{name}, to learn more about it" + ("" if is_bare else f": {_seen(choice)}")
    elif not choice.seen:
        said = f"{name}, going by a guess, because nothing like it has been tried yet"
    elif is_bare:
        return f"{name}, by what such tasks have come to; what fails its checks goes on to {_rest(choice)}."
    else:
        said = f"{name}, which passes the checks of about {_hundred(choice.passes)} in 100 such tasks ({_seen(choice)})"
    return f"{said}{_compared(choice)}."


def reasons(choice: Choice) -> tuple[str, ...]:
    """What else went into it, one sentence each: people's bounds, and how large the task looks."""
    found = [f"{plain(reason[:1].upper() + reason[1:])}." for reason in choice.narrowed]
    if choice.complexity is not None:
        looks = "; ".join(plain(reason) for reason in choice.complexity.reasons) or "nothing in its text stands out"
        found.append(
            f"It looks {choice.complexity.size} ({choice.complexity.score:g} of 1): {looks}. "
            "Texts say little about success, so this chooses nothing by itself."
        )
    return tuple(found)


def _nobody(choice: Choice) -> str:
    if choice.left:
        return "No further attempt: what it is likely to cost is more than it is likely to save; a person goes on."
    return "No further attempt: every model and attempt the settings allow has been tried; a person goes on."


def _compared(choice: Choice) -> str:
    """What the ladder comes to, beside the largest tier alone; "" where nothing is to be compared."""
    likely, biggest = choice.likely, choice.biggest
    if (
        likely is None
        or biggest is None
        or choice.policy != "learned"
        or choice.explores
        or choice.repays
        or not choice.seen
    ):
        return ""
    ours = f"; likely ${likely.spend:.2f} and {_hundred(likely.solved)} in 100 solved"
    if len(choice.ladder) > 1:
        ours = f"; what fails goes on to {_rest(choice)}{ours}"
    if biggest == likely:
        return ours
    return f"{ours}, where the largest alone comes to ${biggest.spend:.2f} and {_hundred(biggest.solved)}"


def _rest(choice: Choice) -> str:
    return ", then ".join(code(name) for name in choice.ladder[1:]) or "a person"


def _seen(choice: Choice) -> str:
    count = choice.seen
    return "never tried so far" if not count else f"tried {count} time{'s' * (count != 1)} so far"


def _hundred(share: float) -> int:
    return round(100 * share)
