"""The receiving half of the bot for tests: a fixed clock, signed deliveries and the door on 127.0.0.1."""

import asyncio
import hmac
import io
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

from bot import door
from bot.webhook import Webhook
from services.metrics import Metrics
from services.store.inbox import Delivery, Inbox

SECRET = b"correct horse battery staple"
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def sign(body: bytes, secret: bytes = SECRET) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.digest(secret, body, "sha256").hex()


def headers(body: bytes, event: str = "issues", guid: str = "guid-1", secret: bytes = SECRET) -> dict[str, str]:
    """A delivery's headers as GitHub sends them."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-GitHub-Hook-ID": "292430182",
        "X-Hub-Signature-256": sign(body, secret),
    }


_GUIDS = itertools.count(1)


def delivery(
    body: bytes = b"{}", *, event: str = "issues", guid: str = "", hook_id: str = "1", at: datetime = START
) -> Delivery:
    """A delivery that has not been stored; each has a GUID of its own."""
    return Delivery(hook_id=hook_id, guid=guid or f"guid-{next(_GUIDS)}", event=event, received_at=at, body=body)


async def outcomes(inbox: Inbox) -> dict[str, int]:
    """What became of all deliveries that are kept: rows by outcome; `waiting` is always there."""
    query = "SELECT coalesce(outcome, 'waiting'), count(*) FROM inbox GROUP BY 1"
    rows = await inbox._database.read(lambda connection: connection.execute(query).fetchall())
    return {"waiting": 0} | dict(rows)


@dataclass
class Door:
    """A running webhook endpoint and what it counted."""

    url: str
    session: aiohttp.ClientSession
    metrics: Metrics
    wakes: list[None]
    entry: door.Door

    async def post(self, body: bytes, sent: Mapping[str, str]) -> tuple[int, str]:
        """Status and text of the answer; exactly these headers are sent, besides Host and Content-Length."""
        quiet = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
        async with self.session.post(self.url, data=io.BytesIO(body), headers=sent, skip_auto_headers=quiet) as answer:
            return answer.status, await answer.text()

    def counted(self, outcome: str) -> float:
        """POSTs with this outcome, whatever the event."""
        samples = next(iter(self.metrics.deliveries.collect())).samples
        return sum(s.value for s in samples if s.labels["outcome"] == outcome and s.name.endswith("_total"))


@asynccontextmanager
async def open_door(
    put: Callable[[Delivery], Awaitable[bool]],
    *,
    secrets: Sequence[bytes] = (SECRET,),
    wake: Callable[[], None] | None = None,
    commit_seconds: float = 5.0,
    body_seconds: float = 9.0,
) -> AsyncIterator[Door]:
    """Serve POST /webhook on a free port of 127.0.0.1 as bot/porch.py does."""
    metrics, wakes = Metrics(), list[None]()
    webhook = Webhook(
        secrets=secrets,
        put=put,
        wake=wake if wake is not None else lambda: wakes.append(None),
        clock=FixedClock(),
        metrics=metrics,
        commit_seconds=commit_seconds,
        body_seconds=body_seconds,
    )
    entry = door.Door(webhook)
    server = await asyncio.get_running_loop().create_server(entry, "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            port = server.sockets[0].getsockname()[1]
            yield Door(f"http://127.0.0.1:{port}/webhook", session, metrics, wakes, entry)
    finally:
        server.close()
        await entry.close(0.1)
