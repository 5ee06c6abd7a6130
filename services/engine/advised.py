"""What the accounts of a plan advise: from the store alone, so the pages can say it, too."""

from collections.abc import Sequence

from services.core.spending import Work, advice
from services.store.attempts import Attempts


async def advised(attempts: Attempts, plan_id: str, works: Sequence[Work], largest: str) -> list[str]:
    """A sentence each. works: those of its attempts that are spoken of; largest: the tier that everything is compared
    with, "" where there is one model for all.
    """
    if not works:
        return []
    price, seen = 0.0, 0
    if largest:
        known = await attempts.known(plan_id.partition("/")[0])
        seen = known.of(largest, after=False).tried + known.of(largest, after=True).tried
        price = known.alone(largest)[0]
    return advice(works, largest, price, seen)
