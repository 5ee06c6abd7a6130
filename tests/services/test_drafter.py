"""What is asked of drafts at the same time."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.engine.drafts import Drafter
from services.store.drafts import Drafts
from tests.kit.plans import NOW
from tests.kit.store import Place


class Reader:
    """Intake that reads when it is let."""

    def __init__(self) -> None:
        self.began, self.may = asyncio.Event(), asyncio.Event()

    async def read(self, repo: str, number: int, *, adopt: bool) -> Any:
        self.began.set()
        await self.may.wait()
        return SimpleNamespace(draft=1)


async def test_a_draft_that_is_asked_for_while_another_one_ends_is_begun_after_it(place: Place) -> None:
    database = place.database()
    await database.open()
    drafts, reader, spawned = Drafts(database), Reader(), list[Coroutine[object, object, None]]()
    parts = SimpleNamespace(
        drafts=drafts,
        models=None,
        spawn=lambda _, work: spawned.append(work),
        runs=SimpleNamespace(holds=lambda _: True),
    )
    drafter = Drafter(cast("Any", parts), cast("Any", None), cast("Any", reader))
    draft, _ = await drafts.ask("acme/api", 1, "ana", "1")
    await drafts.save(msgspec.structs.replace(draft, state="posted"), NOW)
    await drafter.take_up(None)
    first, *none = spawned
    assert none == []
    spawned.clear()
    under_way = asyncio.create_task(first)
    await reader.began.wait()
    await drafter.take_up(None)
    (second,) = spawned
    spawned.clear()
    await second  # it leaves the other one alone
    assert spawned == []
    reader.may.set()
    await under_way
    (third,) = spawned
    third.close()
    await database.close()
