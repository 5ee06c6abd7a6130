"""services/engine/gates.py: how often the sweep looks at what waits, and how long what a person said of a need holds."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.loops import pause
from services.core.names import pull_key
from services.core.task_state import Override
from services.engine.gates import SELDOM, Gatekeeper
from services.engine.parts import Parts
from services.errors import NotFound
from services.store.bell import Bell
from services.store.gates import Gates
from services.store.news import GATE, News
from services.store.postgres import PostgresDatabase
from tests.kit import postgres
from tests.kit.driving import StillClock
from tests.kit.plans import NOW
from tests.kit.store import Place

API = ("acme/api", 1)
NEED = "acme/web#2"
BODY = f"Depends-On: {NEED}"


class _Rows:
    async def all(self, shards: object) -> list[tuple[str, int]]:
        del shards
        return [("acme/api", 1), ("acme/web", 2)]

    async def said(self, *_: object) -> tuple[Override, ...]:
        return ()


async def test_the_sweep_looks_seldom_and_whoever_takes_shards_looks_at_once() -> None:
    clock, looked, work = StillClock(), list[str](), list[Any]()

    async def issue(repo: str, number: int, **_: object) -> None:
        looked.append(f"{repo}#{number}")
        raise NotFound(404, "not told")

    async def drop(*_: object, **__: object) -> None:
        return

    rows = _Rows()
    rows.drop = drop  # type: ignore[attr-defined]
    parts = SimpleNamespace(
        clock=clock,
        runs=SimpleNamespace(holds=lambda _: True),
        spawn=lambda _, task: work.append(task),
        github=SimpleNamespace(reads=SimpleNamespace(issue=issue)),
    )
    gates = Gatekeeper(cast("Parts", parts), cast("Gates", rows))

    async def swept(shards: set[int] | None = None) -> int:
        looked.clear()
        await gates.take_up(shards)
        await asyncio.gather(*work)
        work.clear()
        return len(looked)

    assert await swept() == 2, "a process that is new knows of nothing"
    assert await swept() == 0
    assert await swept({7}) == 2
    clock.at += SELDOM
    assert await swept() == 2


class _Sight(Gatekeeper):
    """One person's pull request, and what its gate would show. owner: whose are conducted here, "" for all."""

    def __init__(self, rows: Gates, owner: str = "", others: News | None = None) -> None:
        self.body = BODY
        self.meanwhile: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.pull = SimpleNamespace(number=1, head_sha="a", state="open", merged=False, base_ref="main")
        self.work: list[Coroutine[Any, Any, None]] = []
        self.seen: list[str] = []
        parts = SimpleNamespace(
            clock=StillClock(),
            settings=SimpleNamespace(github_url="https://github.com"),
            runs=SimpleNamespace(holds=lambda place: place.startswith(owner)),
            others=others,
            spawn=lambda _, task: self.work.append(task),
            github=SimpleNamespace(reads=SimpleNamespace(issue=self.issue, pull=self.now, required=self.required)),
        )
        super().__init__(cast("Parts", parts), rows)

    async def issue(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(body=self.body, is_pull=True)

    async def now(self, *_: object, **__: object) -> Any:
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.pull

    async def required(self, *_: object) -> tuple[str, ...]:
        return ()

    async def _is_ours(self, *_: object) -> bool:
        return False

    async def _task_of(self, *_: object) -> None:
        return None

    async def _show(self, *given: Any, **_: object) -> str:
        self.seen = sorted(given[-1])
        return ""

    async def after(self, *, body: str = BODY, **now: object) -> list[str]:
        """The needs that do not count, as it shows them once the pull request is like this."""
        self.body, self.seen = body, []
        self.pull.__dict__.update(now)
        await self.changed(*API, names_others=bool(body))
        await asyncio.gather(*self.work)
        self.work.clear()
        return self.seen


async def gone() -> None:
    raise NotFound(404, "gone")


@pytest.mark.parametrize("ends", ["merged", "merged unnamed", "gone"])
async def test_what_was_said_of_a_head_holds_until_there_is_another_or_all_is_over(place: Place, ends: str) -> None:
    database = place.database()
    await database.open()
    rows = Gates(database)
    gates = _Sight(rows)
    assert await gates.after() == []
    await gates.lift(*API, NEED, "ana", "soon")
    assert await gates.after() == [NEED]
    for between in ({"state": "closed"}, {"body": ""}):
        await gates.after(**between)
        assert await rows.get(*API) is None
        assert await gates.after(state="open") == [NEED]
    assert await gates.after(head_sha="b") == []
    assert await gates.after(head_sha="a") == [], "another head has been there"
    await gates.lift(*API, NEED, "ana", "soon")
    if ends == "gone":
        gates.meanwhile = gone
        await gates.after()
    else:
        await rows.drop(*API)
        await gates.after(body="" if ends == "merged unnamed" else BODY, state="closed", merged=True)
    assert await rows.said(*API) == ()
    assert await rows.all(None) == []
    await database.close()


async def test_what_is_said_of_a_head_that_a_look_has_not_seen_yet_is_left_alone(place: Place) -> None:
    database = place.database()
    await database.open()
    rows = Gates(database)
    gates = _Sight(rows)
    newer = Override(kind="need", name=NEED, sha="b", actor="ana", why="")

    async def pushed() -> None:
        await rows.lift(*API, newer, NOW)  # for a head that GitHub's answer does not have yet

    gates.meanwhile = pushed
    assert await gates.after() == []
    assert await rows.said(*API) == (newer,)
    await database.close()


async def test_a_gate_hears_of_what_it_names_wherever_it_is_conducted() -> None:
    with postgres.database() as url:
        database, last = PostgresDatabase(url), asyncio.Event()
        await database.open()
        rows, bell = Gates(database), Bell(url, (GATE,), pause)
        news = News(database, "a")
        here, there = _Sight(rows, "acme", news), _Sight(rows, "beta", news)
        bell.on(GATE, news.on_gate(there.soon))
        bell.on(GATE, lambda message: last.set() if "last" in message else None)
        await bell.open()
        listening = asyncio.ensure_future(bell.run())
        await rows.waits("beta/app", 3, (pull_key(*API),))
        await here.changed(*API, names_others=False)
        await here.let_in(["acme/api"])
        await here.lift("beta/app", 3, NEED, "ana", "soon")
        await news.gate([("beta/last", 9)])
        async with asyncio.timeout(60):
            await last.wait()
        assert (len(here.work), len(there.work)) == (0, 4)
        await asyncio.gather(*there.work)
        listening.cancel()
        await asyncio.wait({listening})
        await bell.close()
        await database.close()
