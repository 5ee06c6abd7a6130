"""All of GitHub's 329 published sample payloads, signed, forged and doubled, through the real door and handlers.

The samples are inputs to survive: several years old, of 58 events, most of which Lockstep never subscribes to. None may
be answered with a 500, none may be lost, and none may make a handler fail.
"""

import asyncio
import gzip
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec
import pytest
from structlog.testing import capture_logs

from bot.dispatch import Dispatcher
from handlers import load
from handlers.events import key
from handlers.reading import parse
from services.engine.engine import Engine
from services.engine.placed import Place
from services.engine.trials import Trying
from services.metrics import Metrics
from services.store.inbox import Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.ingest import Door, FixedClock, headers, open_door, outcomes

DATA = Path(__file__).parent / "data" / "webhook_examples.json.gz"


class Sample(msgspec.Struct, frozen=True):
    """One published payload, as bytes again."""

    event: str
    guid: str
    body: bytes


def samples() -> list[Sample]:
    numbers = itertools.count(1)
    return [
        Sample(entry["name"], f"sample-{next(numbers)}", msgspec.json.encode(payload))
        for entry in msgspec.json.decode(gzip.decompress(DATA.read_bytes()))
        for payload in entry["examples"]
    ]


class Looks(Engine):
    """An engine that writes down what handlers ask of it and does nothing: here only their reading is tried."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.trying = cast("Trying", self)

    def forget(self, repo: str, *subjects: str, told: bytes = b"") -> None:
        self.asked["forget"] += 1

    def renamed(self, old: str, new: str) -> None:
        self.asked["renamed"] += 1

    async def look(self, *keys: str) -> None:
        self.asked["look"] += 1

    async def gate(self, repo: str, number: int, *, names_others: bool, into: str = "") -> None:
        self.asked["gate"] += 1

    async def let_in(self, repos: Collection[str]) -> None:
        self.asked["let_in"] += 1

    async def gate_group(self, repo: str, sha: str, ref: str) -> None:
        self.asked["gate_group"] += 1

    async def left_queue(self, repo: str, number: int, sha: str, reason: str) -> None:
        self.asked["left_queue"] += 1

    async def attach(self, repo: str, number: int, *, is_new: bool = False) -> None:
        self.asked["attach"] += 1

    async def asked_in(self, repo: str, number: int, body: str, review_id: str, said: str) -> None:
        self.asked["asked_in"] += 1

    async def read_plan_files(self, repo: str, sha: str, paths: object) -> None:
        self.asked["read_plan_files"] += 1

    def base_moved(self, repo: str) -> None:
        self.asked["base_moved"] += 1

    async def read_settings(self, repo: str, sha: str, verbs: object) -> None:
        self.asked["read_settings"] += 1

    async def read_plan(self, repo: str, number: int) -> None:
        self.asked["read_plan"] += 1

    async def read_plans_of(self, repo: str, number: int) -> None:
        self.asked["read_plans_of"] += 1

    async def labelled_as_plan(self, repo: str, number: int, actor: str) -> None:
        self.asked["labelled_as_plan"] += 1

    async def place_of(self, repo: str, number: int, body: str) -> Place:
        self.asked["place_of"] += 1
        return Place(repo=repo, number=number)

    async def read_pull_files(self, repo: str, number: int, sha: str, verbs: object) -> None:
        self.asked["read_pull_files"] += 1

    async def is_own(self, *, login: str = "", app_id: str = "") -> bool:
        return False

    async def sees(self, repo: str) -> bool:
        self.asked["sees"] += 1
        return True

    async def checked(self, repo: str, sha: str) -> None:
        self.asked["checked"] += 1

    async def was_heard(self, comment_id: str) -> bool:
        self.asked["was_heard"] += 1
        return False


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Door, Inbox, Dispatcher[Engine], Looks]]:
    database = SqliteDatabase(":memory:")
    await database.open()
    inbox = Inbox(database)
    looks = Looks()
    dispatcher: Dispatcher[Engine] = Dispatcher(inbox, load(), looks, FixedClock(), Metrics())
    async with asyncio.TaskGroup() as group, open_door(inbox.put, wake=dispatcher.wake) as door:
        task = group.create_task(dispatcher.run())
        yield door, inbox, dispatcher, looks
        task.cancel()
    await database.close()


def test_the_samples_are_all_there() -> None:
    found = samples()
    assert len(found) == 329
    assert len({sample.event for sample in found}) == 58


async def test_every_sample_survives_signed_forged_and_doubled() -> None:
    found = samples()
    answers: Counter[int] = Counter()
    with capture_logs() as logs:
        async with receiver() as (door, inbox, dispatcher, looks):
            for sample in found:
                sent = headers(sample.body, sample.event, sample.guid)
                forged = headers(sample.body, sample.event, f"{sample.guid}-forged", b"guessed")
                for attempt in (forged, sent, sent):
                    answers[(await door.post(sample.body, attempt))[0]] += 1
            await dispatcher.idle()
            counts = await outcomes(inbox)
    assert answers == {401: 329, 202: 658}
    assert [entry for entry in logs if entry["log_level"] in {"error", "critical"}] == []
    assert counts["waiting"] == 0
    assert counts.get("failed", 0) == 0
    assert sum(counts.values()) == 329, "each once, the forged ones not at all"
    assert {"forget", "look", "read_plan"} <= set(looks.asked), "the handlers did read them"


@pytest.mark.parametrize("name", sorted({sample.event for sample in samples()}))
def test_every_sample_is_read_with_its_place_and_sender(name: str) -> None:
    for sample in samples_of(name):
        event = parse(sample.event, sample.guid, sample.body)
        raw = msgspec.json.decode(sample.body)
        assert event.readable
        if name != "repository_dispatch":  # there the sender makes the action up
            assert event.action == raw.get("action", "")
        assert event.repo == (raw.get("repository") or {}).get("full_name", "")
        assert event.sender.login == (raw.get("sender") or {}).get("login", "")
        assert key(event)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("issues", "issue"),
        ("issue_comment", "comment"),
        ("pull_request", "pull_request"),
        ("pull_request_review", "review"),
        ("check_run", "check_run"),
        ("check_suite", "check_suite"),
        ("workflow_run", "workflow_run"),
        ("installation", "installation"),
    ],
)
def test_the_main_part_of_a_sample_is_found_whole(name: str, part: str) -> None:
    field = {"pull_request": "pull", "check_run": "check", "check_suite": "check"}.get(part, part)
    for sample in samples_of(name):
        raw = msgspec.json.decode(sample.body)[part]
        value = getattr(parse(name, "g", sample.body), field)
        assert value.id == str(raw["id"])
        for each in ("number", "state", "title", "head_sha", "status"):
            if isinstance(raw.get(each), str | int) and hasattr(value, each):
                assert getattr(value, each) == raw[each], each


def samples_of(name: str) -> list[Sample]:
    return [sample for sample in _BY_EVENT if sample.event == name]


_BY_EVENT = samples()
