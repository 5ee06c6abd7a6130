"""Dispatch: order within a key, freedom between keys, every failure on its own, nothing forgotten."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from bot import dispatch
from handlers import Handler
from handlers.events import Event
from handlers.reading import parse
from services.errors import ApiError, NotFound, RateLimited, Refused, StoreError, Unreachable, Withdrawn
from services.metrics import Metrics
from services.store import inbox as store_inbox
from services.store.inbox import Delivery, Inbox, Outcome
from services.store.sqlite import SqliteDatabase
from tests.kit.dispatching import REPO, Diary, Through, body, note, running
from tests.kit.ingest import FixedClock, delivery, headers, open_door, outcomes


async def fail(event: Event, engine: Diary) -> None:
    raise KeyError("payload of a stranger")


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    database = SqliteDatabase(":memory:")
    await database.open()
    yield Inbox(database)
    await database.close()


async def test_what_waited_from_before_is_handled_at_the_start(inbox: Inbox) -> None:
    for number in range(1, 4):
        await inbox.put(delivery(body(number), guid=f"g{number}"))
    async with running(inbox, {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
    assert sorted(diary.lines) == ["1:g1", "2:g2", "3:g3"]
    assert await outcomes(inbox) == {"waiting": 0, "handled": 3}


async def test_a_wake_brings_what_was_committed_since(inbox: Inbox) -> None:
    async with running(inbox, {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
        assert diary.lines == []
        for number in (7, 8):
            await inbox.put(delivery(body(number), guid="g" + str(number)))
            dispatcher.wake()
            await dispatcher.idle()
    assert diary.lines == ["7:g7", "8:g8"]


async def test_one_key_is_strictly_in_order_and_others_do_not_wait_for_it(inbox: Inbox) -> None:
    release = asyncio.Event()

    async def slow_on_one(event: Event, engine: Diary) -> None:
        if event.guid == "a1":
            await release.wait()
        await note(event, engine)
        if event.guid == "b2":
            release.set()

    for guid, number in (("a1", 1), ("b1", 2), ("a2", 1), ("b2", 2), ("a3", 1)):
        await inbox.put(delivery(body(number), guid=guid))
    async with running(inbox, {"issues": (slow_on_one,)}) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == ["2:b1", "2:b2", "1:a1", "1:a2", "1:a3"]


async def test_an_issue_comment_waits_for_the_issue_event_before_it(inbox: Inbox) -> None:
    gate = asyncio.Event()

    async def on_issue(event: Event, engine: Diary) -> None:
        await gate.wait()
        engine.lines.append("issue")

    async def on_comment(event: Event, engine: Diary) -> None:
        engine.lines.append("comment")

    async def on_push(event: Event, engine: Diary) -> None:
        engine.lines.append("push")
        gate.set()

    await inbox.put(delivery(body(1), event="issues"))
    await inbox.put(delivery(body(1, comment={"id": 5}), event="issue_comment"))
    await inbox.put(delivery(msgspec.json.encode({"repository": REPO, "ref": "refs/heads/main"}), event="push"))
    table = {"issues": (on_issue,), "issue_comment": (on_comment,), "push": (on_push,)}
    async with running(inbox, table) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == ["push", "issue", "comment"]


async def test_every_handler_of_an_event_runs_in_order_whichever_fails(inbox: Inbox) -> None:
    """gidgethub's router ran 3 of 6 callbacks here, in the order of a frozenset."""

    def named(name: str) -> Handler[Diary]:
        async def handler(event: Event, engine: Diary) -> None:
            engine.lines.append(name)

        return handler

    metrics = Metrics()
    await inbox.put(delivery(body()))
    table = {"issues": (named("0"), named("1"), fail, named("3"), named("4"))}
    with capture_logs() as logs:
        async with running(inbox, table, metrics=metrics) as (dispatcher, diary):
            await dispatcher.idle()
    assert diary.lines == ["0", "1", "3", "4"]
    assert await outcomes(inbox) == {"waiting": 0, "failed": 1}
    (entry,) = [log for log in logs if log["log_level"] == "error"]
    assert entry["handler"].endswith("test_webhook_dispatch.fail")
    assert isinstance(entry["exc_info"], KeyError)
    assert entry["repo"] == "acme/api"
    assert b'lockstep_handler_errors_total{handler="tests.services.test_webhook_dispatch.fail"} 1.0' in metrics.text()


async def test_a_failing_handler_stops_neither_its_key_nor_the_rest(inbox: Inbox) -> None:
    async def fail_on_the_first(event: Event, engine: Diary) -> None:
        await note(event, engine)
        if event.guid == "a1":
            await fail(event, engine)

    for guid, number in (("a1", 1), ("a2", 1), ("b1", 2)):
        await inbox.put(delivery(body(number), guid=guid))
    with capture_logs():
        async with running(inbox, {"issues": (fail_on_the_first,)}) as (dispatcher, diary):
            await dispatcher.idle()
    assert sorted(diary.lines) == ["1:a1", "1:a2", "2:b1"]
    assert await outcomes(inbox) == {"waiting": 0, "failed": 1, "handled": 2}


async def cancelled_inside(event: Event, engine: Diary) -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def hang(event: Event, engine: Diary) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("handler", [cancelled_inside, hang])
async def test_a_handler_that_is_cancelled_inside_or_hangs_is_a_failure(inbox: Inbox, handler: Handler[Diary]) -> None:
    for _ in range(2):
        await inbox.put(delivery(body()))
    with capture_logs():
        async with running(inbox, {"issues": (handler, note)}, patience=0.05) as (dispatcher, diary):
            await dispatcher.idle()
    assert len(diary.lines) == 2
    assert await outcomes(inbox) == {"waiting": 0, "failed": 2}


async def test_what_nobody_handles_is_settled_as_ignored(inbox: Inbox) -> None:
    await inbox.put(delivery(b'{"zen": "Speak like a human."}', event="ping"))
    await inbox.put(delivery(b"[1, 2]", event="issues"))
    async with running(inbox, {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == []
    assert await outcomes(inbox) == {"waiting": 0, "ignored": 2}


async def test_what_was_being_handled_when_the_process_stopped_is_handled_again(inbox: Inbox) -> None:
    entered = asyncio.Event()

    async def never_done(event: Event, engine: Diary) -> None:
        entered.set()
        await asyncio.Event().wait()

    await inbox.put(delivery(body(), guid="g1"))
    async with running(inbox, {"issues": (never_done,)}):
        await entered.wait()
    assert await outcomes(inbox) == {"waiting": 1}
    async with running(inbox, {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == ["1:g1"]


async def test_no_more_run_at_once_than_allowed(inbox: Inbox) -> None:
    now, most = 0, 0

    async def count(event: Event, engine: Diary) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    for number in range(1, 30):
        await inbox.put(delivery(body(number)))
    async with running(inbox, {"issues": (count,)}, at_once=3) as (dispatcher, _):
        await dispatcher.idle()
    assert most == 3


async def test_a_backlog_larger_than_the_window_is_read_piece_by_piece(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "WINDOW", 4)
    asked: list[int] = []

    class Watched(Through):
        async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
            asked.append(limit)
            return await inbox.waiting(limit, without)

    for number in range(1, 40):
        await inbox.put(delivery(body(number % 3 + 1), guid=f"g{number:02}"))
    async with running(Watched(inbox), {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
    assert max(asked) == 4
    assert len(diary.lines) == 39
    for lane in "123":
        lines = [line for line in diary.lines if line.startswith(lane)]
        assert lines == sorted(lines)


async def test_a_full_window_moves_on_beside_a_handler_that_takes_long(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "WINDOW", 4)
    release = asyncio.Event()

    async def first_waits_for_last(event: Event, engine: Diary) -> None:
        if event.guid == "b12":
            release.set()
        if event.number == 1:
            await release.wait()
        await note(event, engine)

    for guid in ("a1", "a2", "a3"):
        await inbox.put(delivery(body(1), guid=guid))
    for number in range(1, 13):
        await inbox.put(delivery(body(2), guid=f"b{number}"))
    async with running(inbox, {"issues": (first_waits_for_last,)}, patience=5) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines[-3:] == ["1:a1", "1:a2", "1:a3"]
    assert await outcomes(inbox) == {"waiting": 0, "handled": 15}


async def test_a_delivery_costs_one_look_at_the_inbox(inbox: Inbox) -> None:
    looks: list[int] = []

    class Watched(Through):
        async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
            found = await inbox.waiting(limit, without)
            looks.append(len(found))
            return found

    async with running(Watched(inbox), {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
        for number in (1, 2):
            await inbox.put(delivery(body(number), guid=f"g{number}"))
            dispatcher.wake()
            await dispatcher.idle()
    assert diary.lines == ["1:g1", "2:g2"]
    assert looks == [0, 1, 1]


async def test_what_a_page_had_no_room_for_does_not_wait_for_what_it_had(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_inbox, "PAGE_BYTES", 300)
    monkeypatch.setattr(dispatch, "UNCUT_BYTES", 50)
    second = asyncio.Event()

    async def first_waits_for_second(event: Event, engine: Diary) -> None:
        if event.number == 2:
            second.set()
        await second.wait()
        await note(event, engine)

    for number in (1, 2):
        await inbox.put(delivery(body(number, text="x" * 200), guid=f"g{number}"))
    async with running(inbox, {"issues": (first_waits_for_second,)}) as (dispatcher, diary):
        await dispatcher.idle()
    assert sorted(diary.lines) == ["1:g1", "2:g2"]


async def test_a_row_that_cannot_be_settled_is_said_and_left_for_the_next_start(inbox: Inbox) -> None:
    class Broken(Through):
        async def settle(self, row: int, outcome: Outcome, note: str = "", *, beyond: str = "") -> None:
            raise StoreError("disk full")

    for number in (1, 2):
        await inbox.put(delivery(body(number)))
    with capture_logs() as logs:
        async with running(Broken(inbox), {"issues": (note,)}) as (dispatcher, diary):
            await dispatcher.idle()
    assert len(diary.lines) == 2, "handled once each, not in a loop"
    assert await outcomes(inbox) == {"waiting": 2}
    assert sum("could not be settled" in log["event"] for log in logs) == 2


async def test_an_inbox_that_cannot_be_read_is_said_and_tried_again(inbox: Inbox) -> None:
    failures = [StoreError("disk I/O error"), StoreError("disk I/O error")]

    class Flaky(Through):
        async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
            if failures:
                raise failures.pop()
            return await inbox.waiting(limit, without)

    await inbox.put(delivery(body(), guid="g1"))
    with capture_logs() as logs:
        async with running(Flaky(inbox), {"issues": (note,)}) as (dispatcher, diary):
            while failures:
                dispatcher.wake()
                await asyncio.sleep(0)
            dispatcher.wake()
            await dispatcher.idle()
    assert diary.lines == ["1:g1"]
    assert sum("can't be read" in log["event"] for log in logs) == 2


async def test_sec_20_a_doubled_delivery_over_http_acts_once(inbox: Inbox) -> None:
    async with (
        running(inbox, {"issues": (note,)}) as (dispatcher, diary),
        open_door(inbox.put, wake=dispatcher.wake) as door,
    ):
        sent = headers(body(), guid="once")
        answers = [(await door.post(body(), sent))[0] for _ in range(3)]
        await dispatcher.idle()
        answers.append((await door.post(body(), sent))[0])
        await dispatcher.idle()
    assert answers == [202] * 4
    assert diary.lines == ["1:once"]


def after(**time: float) -> datetime:
    return FixedClock().now() + timedelta(**time)


@dataclass
class Outage:
    """A handler that GitHub lets down the first times, and the pauses that were made meanwhile."""

    errors: list[ApiError]
    pauses: list[float] = field(default_factory=list)

    async def handler(self, event: Event, engine: Diary) -> None:
        if self.errors:
            raise self.errors.pop(0)
        engine.lines.append(f"{event.number}:{event.guid}")

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


async def test_what_github_could_not_answer_is_handled_again_in_its_place(inbox: Inbox) -> None:
    outage = Outage([Unreachable(502, "Bad Gateway"), RateLimited(403, "secondary rate limit", retry_after=60.0)])
    await inbox.put(delivery(body(1), guid="g1"))
    await inbox.put(delivery(body(1), guid="g2"))
    async with running(inbox, {"issues": (outage.handler,)}, pause=outage.pause) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == ["1:g1", "1:g2"]
    assert outage.pauses[0] > 0
    assert outage.pauses[1] >= 60.0
    assert await outcomes(inbox) == {"waiting": 0, "handled": 2}


async def test_what_was_not_sent_as_this_process_stood_still_is_handled_again(inbox: Inbox) -> None:
    outage = Outage([Withdrawn()])
    await inbox.put(delivery(body(1), guid="g1"))
    async with running(inbox, {"issues": (outage.handler,)}, pause=outage.pause) as (dispatcher, diary):
        await dispatcher.idle()
    assert (diary.lines, len(outage.pauses)) == (["1:g1"], 1)
    assert await outcomes(inbox) == {"waiting": 0, "handled": 1}


async def test_an_outage_without_an_end_is_given_up_and_the_next_delivery_is_handled(inbox: Inbox) -> None:
    outage, metrics = Outage([Unreachable(0, "no answer")] * dispatch.TRIES), Metrics()
    await inbox.put(delivery(body(1), guid="g1"))
    await inbox.put(delivery(body(1), guid="g2"))
    handlers = {"issues": (outage.handler,)}
    async with running(inbox, handlers, pause=outage.pause, metrics=metrics) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == ["1:g2"]
    assert await outcomes(inbox) == {"waiting": 0, "failed": 1, "handled": 1}
    assert len(outage.pauses) == dispatch.TRIES - 1


async def test_a_refusal_is_not_repeated(inbox: Inbox) -> None:
    outage = Outage([Refused(403, "Resource not accessible by integration")])
    await inbox.put(delivery(body(1), guid="g1"))
    async with running(inbox, {"issues": (outage.handler,)}, pause=outage.pause) as (dispatcher, _):
        await dispatcher.idle()
    assert (outage.pauses, await outcomes(inbox)) == ([], {"waiting": 0, "failed": 1})


async def test_that_something_is_not_there_is_an_answer(inbox: Inbox) -> None:
    """An issue may be gone by the time its webhook is handled."""
    outage, metrics = Outage([NotFound(404, "Not Found")]), Metrics()
    for guid in ("g1", "g2"):
        await inbox.put(delivery(body(1), guid=guid))
    with capture_logs() as logs:
        async with running(inbox, {"issues": (outage.handler, note)}, metrics=metrics) as (dispatcher, diary):
            await dispatcher.idle()
    assert diary.lines == ["1:g1", "1:g2", "1:g2"]
    assert await outcomes(inbox) == {"waiting": 0, "handled": 2}
    notes = await inbox._database.read(lambda c: c.execute("SELECT note FROM inbox ORDER BY id").fetchall())
    assert [tuple(each) for each in notes] == [(dispatch.NOT_THERE,), ("",)]
    assert [log["event"] for log in logs if log["log_level"] in {"warning", "error"}] == [dispatch.NOT_THERE]
    assert b"lockstep_handler_errors_total{" not in metrics.text()


async def test_what_an_outage_outlasted_is_handed_out_once_more(inbox: Inbox) -> None:
    outage = Outage([Unreachable(0, "no answer")] * dispatch.TRIES)
    await inbox.put(delivery(body(1), guid="g1"))
    async with running(inbox, {"issues": (outage.handler,)}, pause=outage.pause) as (dispatcher, diary):
        await dispatcher.idle()
        assert await outcomes(inbox) == {"waiting": 0, "failed": 1}
        assert await inbox.hand_out_again(after(minutes=4)) == 0
        assert await inbox.hand_out_again(after(minutes=5)) == 1
        dispatcher.wake()
        await dispatcher.idle()
        assert await inbox.hand_out_again(after(days=9)) == 0
    assert diary.lines == ["1:g1"]
    assert await outcomes(inbox) == {"waiting": 0, "handled": 1}


async def test_what_was_refused_or_broke_is_not_handed_out_once_more(inbox: Inbox) -> None:
    outage = Outage([Refused(403, "Resource not accessible by integration")])
    await inbox.put(delivery(body(1), guid="g1"))
    await inbox.put(delivery(body(2), guid="g2"))
    with capture_logs():
        async with running(inbox, {"issues": (outage.handler, fail)}, pause=outage.pause) as (dispatcher, _):
            await dispatcher.idle()
    assert await inbox.hand_out_again(after(days=9)) == 0


async def test_what_people_have_gone_beyond_is_not_handed_out_once_more(inbox: Inbox) -> None:
    async def handler(event: Event, engine: Diary) -> None:
        engine.lines.append(event.guid)
        if event.guid.startswith("old"):
            raise Unreachable(0, "no answer")

    for guid, number in (("old", 1), ("old-elsewhere", 2), ("new", 1)):
        await inbox.put(delivery(body(number), guid=guid))
    with capture_logs():
        async with running(inbox, {"issues": (handler,)}, pause=Outage([]).pause) as (dispatcher, diary):
            await dispatcher.idle()
            diary.lines.clear()
            assert await inbox.hand_out_again(after(minutes=5)) == 1
            dispatcher.wake()
            await dispatcher.idle()
    assert set(diary.lines) == {"old-elsewhere"}, "where the other was, somebody has said something since"


def test_who_goes_on_is_the_same_person_who_says_something() -> None:
    def said(text: str, login: str = "ana", event: str = "issue_comment", kind: str = "User") -> str:
        payload = {"action": "created", "comment": {"id": 1, "body": text}, "sender": {"login": login, "type": kind}}
        return dispatch.goes_on("lane", parse(event, "g", msgspec.json.encode(payload)))

    assert said("/lockstep run") == said("Now:\n /lockstep hold") == "lane ana"
    assert said("/lockstep run", "ben") == "lane ben"
    assert said("Looks good, see https://github.test/a/b") == ""
    assert said("Looks good", event="issues") == "lane ana"
    assert said("/lockstep run", kind="Bot") == ""
