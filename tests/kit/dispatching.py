"""A dispatcher at work on an inbox, and handlers that write down what they saw."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bot import dispatch
from bot.dispatch import Dispatcher
from handlers import Handler
from handlers.events import Event
from services.metrics import Metrics
from services.store.inbox import Delivery, Inbox, Outcome
from tests.kit.ingest import FixedClock

REPO = {"id": 1, "full_name": "acme/api"}


@dataclass
class Diary:
    """The engine of these tests: handlers write down what they saw."""

    lines: list[str] = field(default_factory=list)


def body(number: int = 1, **more: object) -> bytes:
    return msgspec.json.encode({"action": "opened", "repository": REPO, "issue": {"number": number}, **more})


async def note(event: Event, engine: Diary) -> None:
    engine.lines.append(f"{event.number}:{event.guid}")


class Through:
    """An inbox that a test comes between."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
        return await self.inbox.waiting(limit, without)

    async def settle(self, row: int, outcome: Outcome, note: str = "", *, beyond: str = "") -> None:
        await self.inbox.settle(row, outcome, note, beyond=beyond)

    async def let_down(self, row: int, note: str, lane: str, now: datetime) -> None:
        await self.inbox.let_down(row, note, lane, now)


@asynccontextmanager
async def running(
    inbox: dispatch.Source,
    handlers: Mapping[str, Sequence[Handler[Diary]]],
    *,
    at_once: int = 32,
    patience: float = 30.0,
    metrics: Metrics | None = None,
    pause: Callable[[float], Awaitable[None]] | None = None,
    holds: Callable[[int], bool] = lambda _: True,
) -> AsyncIterator[tuple[Dispatcher[Diary], Diary]]:
    """A dispatcher at work; it is stopped at the end, whatever waits."""
    diary = Diary()
    dispatcher = Dispatcher(
        inbox, handlers, diary, FixedClock(), metrics or Metrics(),
        at_once=at_once, patience=patience, pause=pause, holds=holds,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        task = group.create_task(dispatcher.run())
        yield dispatcher, diary
        task.cancel()
