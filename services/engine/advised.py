"""What the accounts of a plan advise: from the store alone, so the pages can say it, too."""

from collections.abc import Collection

from services.core.spending import advice
from services.store.attempts import Attempts


async def advised(attempts: Attempts, plan_id: str, largest: str, hidden: Collection[str] = ()) -> list[str]:
    """A sentence each. largest: the tier that everything is compared with, "" where there is one model for all;
    hidden: tasks that are not spoken of.
    """
    works = [work for work in await attempts.works(plan_id) if work.task not in hidden]
    if not works:
        return []
    price, seen = 0.0, 0
    if largest:
        known = await attempts.known(plan_id.partition("/")[0])
        seen = known.of(largest, after=False).tried + known.of(largest, after=True).tried
        price = known.alone(largest)[0]
    return advice(works, largest, price, seen)
