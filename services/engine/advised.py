"""What the accounts of a plan advise: from the store alone, so the pages can say it, too."""

from collections.abc import Collection, Sequence

from services.core.spending import Work, advice
from services.store.attempts import Attempts


async def advised(
    attempts: Attempts, plan_id: str, works: Sequence[Work], largest: str, repos: Collection[str] | None
) -> list[str]:
    """A sentence each. works: those of its attempts that are spoken of; largest: the tier that everything is compared
    with, "" where there is one model for all; repos: whose attempts tell what that one costs, None for all.
    """
    if not works:
        return []
    price, seen = 0.0, 0
    if largest:
        known = await attempts.known(plan_id.partition("/")[0], repos)
        seen = known.of(largest, after=False).tried + known.of(largest, after=True).tried
        price = known.alone(largest)[0]
    return advice(works, largest, price, seen)
