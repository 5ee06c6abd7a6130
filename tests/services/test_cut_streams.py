"""What is charged for an answer that broke off, wherever it did: no less than it may have cost, and said to be a guess."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.modelling import wire_of
from services.agents.broker import Broker, Door
from services.agents.models import Budgets, Models, Way
from services.agents.prices import Prices
from services.core.cost import Spent, Usage
from services.store.ledger import Call, Ledger
from services.store.sqlite import SqliteDatabase
from tests.kit.model import Answer, Provider, providing, streamed

CALL = Call(plan_id="acme/api#1", purpose="attempt", run_id="r1", task="a", attempt=1, repo="acme/api")
SAYS = Answer(text="Let me look.", tokens=(12, 90), cached=4)
KINDS = [
    ("anthropic", "claude-sonnet-5", "/v1/messages"),
    ("openai", "gpt-4o", "/v1/chat/completions"),
    ("openai", "gpt-4o", "/v1/responses"),
    ("google", "gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:streamGenerateContent"),
]


@asynccontextmanager
async def accounts(folder: Path, provider: Provider, kind: str, name: str) -> AsyncIterator[tuple[Models, Ledger]]:
    database = SqliteDatabase(folder / "lockstep.sqlite")
    await database.open()
    url = provider.url if kind == "openai" else provider.url.removesuffix("/v1")
    ledger, wire = Ledger(database), wire_of(kind, name, Way(url=url, key="sk-canary-0123456789"))
    models = Models(kind, name, wire, ledger, Prices({}), Budgets(task=Decimal(99)), SystemClock(), seconds=20)
    yield models, ledger
    await models.close()
    await database.close()


def since(before: Spent, after: Spent) -> Spent:
    """What one call more has come to."""
    names = ("input", "cache_read", "output")
    usage = Usage(**{name: getattr(after.usage, name) - getattr(before.usage, name) for name in names})
    counted = {name: getattr(after, name) - getattr(before, name) for name in ("calls", "unknown", "cost", "held")}
    return Spent(task="a", purpose="attempt", model=after.model, usage=usage, **counted)


def is_estimated(spent: Spent, whole: Decimal, into: int) -> None:
    """Nothing is taken for known; at least all of it is held; what was told so far stands."""
    assert (spent.calls, spent.unknown, spent.cost) == (1, 1, Decimal(0))
    assert spent.held >= whole
    assert spent.said.startswith("at most $")
    assert spent.usage.input in {0, into}


@pytest.mark.parametrize(("kind", "name", "path"), KINDS, ids=[path.rpartition("/")[2][:9] for *_, path in KINDS])
async def test_a_program_pays_for_what_it_cuts_off(tmp_path: Path, kind: str, name: str, path: str) -> None:
    pieces = streamed(path.rpartition("/")[2], name, SAYS)
    cuts = [msgspec.structs.replace(SAYS, broken=(at, "reset" if at % 2 else "end")) for at in range(len(pieces))]
    usage = Usage(input=12, cache_read=4, output=90)
    whole = Prices({}).of(kind, name, usage).cost
    assert whole is not None
    told_with = len(pieces) - (path.endswith(("messages", "completions")))
    body = {"model": name, "messages": [], "stream": True, "max_tokens": 200}
    last = Spent(task="a", purpose="attempt", model=name)
    async with (
        providing(*cuts, SAYS) as provider,
        accounts(tmp_path, provider, kind, name) as (models, ledger),
        asking(models) as ask,
    ):
        for at in range(len(pieces) + 1):
            await ask(path, body)
            (now,) = await ledger.spent(CALL.plan_id)
            one, last = since(last, now), now
            if at < told_with:
                is_estimated(one, whole, usage.input)
            else:
                assert (one.cost, one.held, one.unknown, one.usage) == (whole, Decimal(0), 0, usage)


class Heard(Broker):
    """Says when a request is booked, which may be after its answer broke off."""

    def __init__(self, models: Models) -> None:
        super().__init__(Door(models=models, call=CALL))
        self.booked = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await super().handle(request)
        finally:
            self.booked.set()


@asynccontextmanager
async def asking(models: Models) -> AsyncIterator[Callable[[str, dict[str, object]], Awaitable[None]]]:
    """As a program in the box does, which takes what comes."""
    broker = Heard(models)

    async def ask(path: str, body: dict[str, object]) -> None:
        broker.booked.clear()
        with suppress(aiohttp.ClientError):
            async with session.post(f"http://model{path}", data=json.dumps(body)) as answer:
                await answer.read()
        await broker.booked.wait()

    async with (
        broker.serving() as socket,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
    ):
        yield ask


@pytest.mark.parametrize(
    ("more", "most"),
    [({"n": 9}, 0), ({"service_tier": "priority"}, 0), ({"n": 2}, 400), ({"n": True, "speed": "standard"}, 200)],
)
async def test_nothing_is_asked_for_that_would_cost_more_than_is_held(
    tmp_path: Path, more: dict[str, object], most: int
) -> None:
    body: dict[str, object] = {"model": "gpt-4o", "messages": [], "stream": True, "max_tokens": 200, **more}
    cut = msgspec.structs.replace(SAYS, broken=(1, "end"))
    async with providing(cut) as provider, accounts(tmp_path, provider, "openai", "gpt-4o") as (models, ledger):
        async with asking(models) as ask:
            await ask("/v1/chat/completions", body)
        spent = await ledger.spent(CALL.plan_id)
    assert len(provider.asked) == len(spent) == (most > 0)
    assert not spent or spent[0].held >= most * Decimal("0.00001")
