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
from services.agents import Superseded
from services.agents.answers import Answers
from services.agents.broker import Broker, Door
from services.agents.models import Budgets, Models, Way
from services.agents.prices import Prices
from services.core.cost import Spent, Usage
from services.store.ledger import Call, Cap, Ledger
from services.store.sqlite import SqliteDatabase
from tests.kit.model import Answer, Provider, providing, streamed
from tests.kit.plans import NOW

CALL = Call(plan_id="acme/api#1", purpose="attempt", run_id="r1", task="a", attempt=1, repo="acme/api")
SAYS = Answer(text="Let me look.", tokens=(12, 90), cached=4)
KINDS = [
    ("anthropic", "claude-sonnet-5", "/v1/messages"),
    ("openai", "gpt-4o", "/v1/chat/completions"),
    ("openai", "gpt-4o", "/v1/responses"),
    ("google", "gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:streamGenerateContent"),
]


@asynccontextmanager
async def accounts(
    folder: Path, provider: Provider, kind: str, name: str, budgets: Budgets | None = None
) -> AsyncIterator[tuple[Models, Ledger]]:
    database = SqliteDatabase(folder / "lockstep.sqlite")
    await database.open()
    url = provider.url if kind == "openai" else provider.url.removesuffix("/v1")
    ledger, wire = Ledger(database), wire_of(kind, name, Way(url=url, key="sk-canary-0123456789"))
    models = Models(
        kind, name, wire, ledger, Prices({}), budgets or Budgets(task=Decimal(99)), SystemClock(), seconds=20
    )
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
    told_with = len(pieces) - path.endswith("completions")
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


async def test_a_cut_answer_without_a_price_frees_no_money(tmp_path: Path) -> None:
    """Its figures contradict each other, or what its model costs is no longer known."""
    odd = Usage(input=10, cache_read=400, cache_write=90, cache_write_hour=9_000, output=5)
    async with providing(SAYS) as provider, accounts(tmp_path, provider, "openai", "gpt-4o") as (models, ledger):
        for name in ("gpt-4o", "nobody-knows"):
            row = await ledger.begin(CALL, "openai", name, Decimal(2), (), NOW)
            assert isinstance(row, int)
            await models.named(name).broke_off(row, odd, 100)
        known, unknown = await ledger.spent(CALL.plan_id)
    most = Prices({}).of("openai", "gpt-4o", Usage(input=490, cache_read=400, output=100)).cost
    assert (known.held, unknown.held) == (most, Decimal(2))
    assert unknown.usage == Usage(input=10, cache_read=400, cache_write=90, output=5)


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
            self.booked = asyncio.Event()


@asynccontextmanager
async def asking(models: Models) -> AsyncIterator[Callable[[str, dict[str, object]], Awaitable[None]]]:
    """As a program in the box does, which takes what comes."""
    broker = Heard(models)

    async def ask(path: str, body: dict[str, object]) -> None:
        booked = broker.booked
        with suppress(aiohttp.ClientError):
            async with session.post(f"http://model{path}", data=json.dumps(body)) as answer:
                await answer.read()
        await booked.wait()

    async with (
        broker.serving() as socket,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
    ):
        yield ask


@pytest.mark.parametrize(
    ("more", "most"),
    [
        ({"n": 9}, 0),
        ({"service_tier": "priority"}, 0),
        ({"previous_response_id": "resp_1"}, 0),
        ({"n": 2}, 400),
        ({"n": True, "speed": "standard"}, 200),
        ({"max_completion_tokens": 900}, 900),
    ],
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


async def test_what_calls_under_way_may_use_up_is_not_spent_twice(tmp_path: Path) -> None:
    """Each may cost 90 of 100 cents, so each waits for the one before it: but for the first, what is known to be left."""
    body: dict[str, object] = {"model": "gpt-4o", "messages": [], "stream": True, "max_tokens": 90_000}
    cap, used = Cap(scope="task", limit=Decimal(1)), list[Decimal]()

    async def told() -> None:
        used.extend(money for _, money in await ledger.used(CALL, [cap], NOW))

    async with (
        providing(msgspec.structs.replace(SAYS, told=told)) as provider,
        accounts(tmp_path, provider, "openai", "gpt-4o", Budgets(task=cap.limit)) as (models, ledger),
        asking(models) as ask,
    ):
        await asyncio.gather(*(ask("/v1/chat/completions", body) for _ in range(6)))
        (spent,) = await ledger.spent(CALL.plan_id)
    assert (len(provider.asked), spent.calls, spent.held) == (6, 6, Decimal(0))
    assert max(used) < Decimal("0.91")


async def test_who_is_over_is_asked_nothing_more(tmp_path: Path) -> None:
    """Not even where another budget has room by now."""
    body = json.dumps({"model": "gpt-4o", "messages": [], "max_tokens": 10})
    async with (
        providing(SAYS) as provider,
        accounts(tmp_path, provider, "openai", "gpt-4o") as (models, ledger),
    ):
        broker = Broker(Door(models=models, call=CALL))
        async with (
            broker.serving() as socket,
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
        ):
            broker.over = Superseded()
            async with session.post("http://model/v1/chat/completions", data=body) as refused:
                assert (refused.status, "the attempt is over" in await refused.text()) == (403, True)
        assert (provider.asked, await ledger.spent(CALL.plan_id), broker.asked) == ([], [], 0)


class Notes:
    """A journal in memory."""

    data: bytes | None = None

    async def load(self) -> bytes | None:
        return self.data

    async def keep(self, data: bytes, turns: int, /) -> None:
        self.data = data


async def test_what_is_cut_or_too_long_looks_so_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the last that came was the end of the answer."""
    pieces = streamed("messages", "claude-sonnet-5", SAYS)
    cut = msgspec.structs.replace(SAYS, broken=(len(pieces), "reset"))
    body = json.dumps({"model": "claude-sonnet-5", "messages": [], "stream": True, "max_tokens": 200})
    notes, length = Notes(), 2 * sum(map(len, pieces))
    async with (
        providing(cut, SAYS) as provider,
        accounts(tmp_path, provider, "anthropic", "claude-sonnet-5") as (models, _),
    ):
        broker = Broker(Door(models=models, call=CALL, answers=Answers(notes)))
        async with (
            broker.serving() as socket,
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
        ):
            for longest in (length, length // 4, length):
                monkeypatch.setattr("services.agents.broker.LONGEST", longest)
                ask = session.post("http://model/v1/messages", data=body)
                if len(provider.asked) < 2:
                    with pytest.raises(aiohttp.ClientError):
                        async with ask as answer:
                            await answer.read()
                else:
                    async with ask as answer:
                        assert b"message_stop" in await answer.read()
    assert len(provider.asked) == 3
    assert len(msgspec.msgpack.decode(notes.data or b"")) == 1
