"""services/store/events.py: the history as one sequence, on both databases, whoever writes it."""

import pytest

from services.store import events
from services.store.db import Database
from services.store.events import Event, Events, Reader
from services.store.news import EVENT
from services.store.plans import Plans
from tests.kit.plans import NOW, plan, task
from tests.kit.stored import stored_plan


def event(seq: int) -> Event:
    return Event(
        seq=seq, plan_id="acme/platform#1", run_id="", task="", at="", kind="", before="", after="", actor="", text=""
    )


class Rows:
    """The table, as far as it is committed."""

    def __init__(self) -> None:
        self.there: set[int] = set()

    async def after(self, seq: int, holes: frozenset[int] = frozenset(), limit: int = 500) -> list[Event]:
        return [event(each) for each in sorted(self.there) if each > seq or each in holes][:limit]


async def test_what_happens_is_read_once_and_in_order(database: Database) -> None:
    plans, of = Plans(database), plan(task("a"))
    await plans.save(stored_plan(of, 1), NOW)
    reader = Reader(Events(database), await Events(database).newest())
    assert (await reader.more(), reader.seen) == ([], 0)
    assert await plans.approve("acme/platform#1", of.hash, "ben", NOW)
    assert await plans.unapprove("acme/platform#1", "ana", NOW)
    found = await reader.more()
    assert [(each.kind, each.actor, each.repo) for each in found] == [
        ("approved", "ben", "acme/platform"), ("unapproved", "ana", "acme/platform"),
    ]  # fmt: skip
    assert await reader.more() == []
    assert reader.seen == await Events(database).newest() == found[-1].seq


async def test_one_process_hears_itself_once_a_commit(database: Database) -> None:
    heard: list[str] = []
    database.heard_by(heard.append)
    plans, of = Plans(database), plan(task("a"))
    await plans.save(stored_plan(of, 1), NOW)
    assert heard == [], "nothing of it is history"
    await plans.approve("acme/platform#1", of.hash, "ben", NOW)
    assert heard in ([EVENT], []), "on a server a Bell hears it"


async def test_what_is_committed_late_is_not_left_out() -> None:
    rows = Rows()
    reader = Reader(rows, 0)  # type: ignore[arg-type]
    rows.there = {1, 2, 5}
    assert [each.seq for each in await reader.more()] == [1, 2, 5]
    assert reader.seen == 2, "3 and 4 may still come, so whoever goes on begins there"
    rows.there |= {4, 6}
    assert [each.seq for each in await reader.more()] == [4, 6]
    assert reader.seen == 2
    rows.there |= {3}
    assert [each.seq for each in await reader.more()] == [3]
    assert reader.seen == 6


async def test_a_number_that_was_never_used_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "YOUNG", 10)
    rows = Rows()
    reader = Reader(rows, 0)  # type: ignore[arg-type]
    rows.there = {2}
    await reader.more()
    assert reader.seen == 0
    rows.there |= {12}
    await reader.more()
    rows.there |= set(range(3, 12))
    await reader.more()
    assert reader.seen == 12
