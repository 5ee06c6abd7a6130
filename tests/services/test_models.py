"""Asking a model: over a real connection, whatever it answers, with the budget before and the ledger after."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.clock import SystemClock
from bot.modelling import models_of, rules_of, wire_of
from bot.settings import Settings, read_settings, secrets
from services.agents.gemini import GeminiWire
from services.agents.models import SPACING, WAIT, Ask, Budgets, Message, Models, Reply, Result, Tool, Way, Wire, counted
from services.agents.prices import Prices, Rate, read_rates
from services.agents.wire import BROKE_OFF, LONGEST, PydanticWire, error_of, is_free
from services.core.cost import Spent, Usage
from services.errors import ModelBusy, NotPossible, UserError
from services.store.ledger import Call, Ledger
from services.store.sqlite import SqliteDatabase
from tests.kit.fakehub import HandClock
from tests.kit.model import Answer, Provider, providing, streamed

CALL = Call(plan_id="acme/api#1", purpose="draft")
HELLO = Ask(system="Be short.", messages=(Message(role="user", text="Hello."),), tokens=100)
KEY = "sk-canary-0123456789"


@asynccontextmanager
async def asking(
    folder: Path, provider: Provider, *, name: str = "gpt-4o", budgets: Budgets | None = None, seconds: float = 20.0
) -> AsyncIterator[tuple[Models, Ledger]]:
    database = SqliteDatabase(folder / "lockstep.sqlite")
    await database.open()
    ledger, way = Ledger(database), Way(url=provider.url, key=KEY)
    prices = Prices(
        {
            "openai:own": Rate(
                input=Decimal(1),
                output=Decimal(2),
                cache_read=Decimal("0.5"),
                cache_write=Decimal(1),
                cache_write_hour=Decimal(2),
            )
        }
    )
    models = Models(
        "openai", name, PydanticWire("openai", name, way), ledger, prices, budgets or Budgets(), SystemClock(),
        seconds=seconds,
    )  # fmt: skip
    yield models, ledger
    await models.close()
    await database.close()


async def spent(ledger: Ledger) -> Spent:
    (found,) = await ledger.spent(CALL.plan_id)
    return found


async def test_an_answer_is_priced_and_goes_on_where_it_was_kept(tmp_path: Path) -> None:
    async with providing(Answer(text="Hi.", cached=400), Answer(text="Yes.")) as provider:
        async with asking(tmp_path, provider) as (models, ledger):
            reply = await models.ask(CALL, HELLO)
            assert (reply.message.text, reply.usage) == ("Hi.", Usage(input=1_000, cache_read=400, output=100))
            more = Ask(system="Be short.", messages=(*HELLO.messages, reply.message, Message(role="user", text="So?")))
            assert (await models.ask(CALL, more)).message.text == "Yes."
            found = await spent(ledger)
            listed = [Usage(input=1_000, cache_read=400, output=100), Usage(input=1_000, output=100)]
            costs = [Prices({}).of("openai", "gpt-4o", usage) for usage in listed]
            assert found.cost == sum(each.cost or Decimal(0) for each in costs) > 0
            assert {each.source for each in costs} == {"genai-prices"}
        roles = [message["role"] for message in provider.asked[1]["messages"]]
        assert roles == ["system", "user", "assistant", "user"]
        assert provider.keys == [f"Bearer {KEY}"] * 2
        assert all(KEY not in str(body) for body in provider.asked)


async def test_what_replies_told_foretells_the_next_prompt(tmp_path: Path) -> None:
    def answer(body: Mapping[str, Any]) -> Answer:
        said = " ".join(str(each["content"]) for each in body["messages"])
        return Answer(text="Yes.", tokens=(2 * len(said.split()), 10))

    async with providing(answer) as provider, asking(tmp_path, provider) as (models, _):
        for words in range(1, 23):
            told = Message(role="user", text="tell me more " * words)
            ask = Ask(system="Be short.", messages=(told,), tokens=10)
            before = models.foretold(counted(ask), ask.characters)
            await models.ask(CALL, ask)
        assert 0.95 < before / (2 * 68 * 1.12) < 1.05, "the last one, of 68 words"


async def test_a_tool_call_and_its_result_go_back_and_forth(tmp_path: Path) -> None:
    tool = Tool(name="read", description="Read.", schema={"type": "object", "properties": {"path": {"type": "string"}}})
    wants = Answer(calls=(("read", {"path": "a"}),))
    async with providing(wants, Answer(text="Done.")) as provider, asking(tmp_path, provider) as (models, _):
        reply = await models.ask(CALL, Ask(system="S", messages=HELLO.messages, tools=(tool,)))
        (call,) = reply.message.calls
        assert (call.name, call.arguments) == ("read", '{"path":"a"}')
        came = Message(role="results", results=(Result(id=call.id, name="read", text="its text"),))
        more = Ask(system="S", messages=(*HELLO.messages, reply.message, came), tools=(tool,))
        assert (await models.ask(CALL, more)).message.text == "Done."
    assert provider.asked[0]["tools"][0]["function"]["name"] == "read"
    (told,) = [each for each in provider.asked[1]["messages"] if each["role"] == "tool"]
    assert (told["content"], told["tool_call_id"]) == ("its text", "call-1-0")


async def test_anthropics_words_come_to_the_same(tmp_path: Path) -> None:
    """There the input that is told leaves out what came from the cache; here it is all of it, at three prices."""
    tool = Tool(name="read", description="Read.", schema={"type": "object", "properties": {"path": {"type": "string"}}})
    wants = Answer(text="Let me look.", calls=(("read", {"path": "a"}),), cached=400)
    async with providing(wants, Answer(text="Done.")) as provider:
        database = SqliteDatabase(tmp_path / "lockstep.sqlite")
        await database.open()
        url = provider.url.removesuffix("/v1")
        settings = Settings(model="anthropic:claude-sonnet-5", model_key=KEY, model_url=url)
        models = models_of(settings, database, SystemClock())
        assert models is not None
        reply = await models.ask(CALL, Ask(system="S", messages=HELLO.messages, tools=(tool,)))
        assert reply.usage == Usage(input=1_000, cache_read=400, output=100)
        (call,) = reply.message.calls
        came = Message(role="results", results=(Result(id=call.id, name="read", text="its text"),))
        more = Ask(system="S", messages=(*HELLO.messages, reply.message, came), tools=(tool,))
        assert (await models.ask(CALL, more)).message.text == "Done."
        found = await spent(Ledger(database))
        assert (found.calls, found.unpriced) == (2, 0)
        whole = Prices({}).of("anthropic", "claude-sonnet-5", Usage(input=1_000, output=100)).cost
        assert whole is not None
        assert whole < found.cost < 2 * whole, "what came from the cache is cheaper"
        assert all(key.endswith(KEY) for key in provider.keys)
        assert "cache_control" in str(provider.asked[1]), "the conversation is read from the cache next time"
        await models.close()
        await database.close()


async def test_googles_words_come_to_the_same(tmp_path: Path) -> None:
    """They come as events; what a part is signed with goes back as it came, and thoughts are paid for and not said."""
    tool = Tool(name="read", description="Read.", schema={"type": "object", "properties": {"path": {"type": "string"}}})
    wants = Answer(text="Let me look.", calls=(("read", {"path": "a"}),), cached=400)
    async with providing(wants, Answer(text="Done.", cut=True)) as provider:
        database = SqliteDatabase(tmp_path / "lockstep.sqlite")
        await database.open()
        url = provider.url.removesuffix("/v1")
        settings = Settings(model="google:gemini-2.5-pro", model_key=KEY, model_url=url)
        models = models_of(settings, database, SystemClock())
        assert models is not None
        reply = await models.ask(CALL, Ask(system="S", messages=HELLO.messages, tools=(tool,)))
        assert reply.usage == Usage(input=1_000, cache_read=400, output=100)
        assert reply.message.text == "Let me look."
        (call,) = reply.message.calls
        assert (call.name, call.arguments) == ("read", '{"path": "a"}')
        came = Message(role="results", results=(Result(id=call.id, name="read", text="its text"),))
        more = Ask(system="S", messages=(*HELLO.messages, reply.message, came), tools=(tool,))
        last = await models.ask(CALL, more)
        assert (last.message.text, last.is_cut) == ("Done.", True)
        sent = provider.asked[1]
        assert sent["tools"][0]["functionDeclarations"][0]["name"] == "read"
        assert sent["contents"][1]["parts"][-1]["thoughtSignature"] == "sig-0"
        assert sent["contents"][2]["parts"][0]["functionResponse"]["response"] == {"result": "its text"}
        assert (await spent(Ledger(database))).unpriced == 0
        assert provider.keys == [KEY, KEY]
        await models.close()
        await database.close()


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (Answer(raw=b'data: {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}\n\n'), ModelBusy, "broke off"),
        (Answer(raw=b'data: {"candidates": [{"cont'), ModelBusy, "can't be read"),
        (Answer(raw=b'data: {"candidates": 7}'), ModelBusy, "can't be read"),
        (Answer(raw=b'data: {"odd": ' + b"[" * 200_000 + b"\n\n"), ModelBusy, "can't be read"),
        (Answer(raw=b"[" * 90_000, status=500), ModelBusy, "answered 500"),
        (Answer(status=529), ModelBusy, "answered 529"),
        (Answer(status=429, headers={"retry-after": "3"}), ModelBusy, "answered 429"),
        (Answer(status=400, text="No @octocat"), NotPossible, "status 400"),
        (Answer(endless=True), ModelBusy, "broke off"),
    ],
    ids=["cut", "half an event", "odd", "deep", "deep error", "overloaded", "limit", "refused", "endless"],
)
async def test_what_google_answers_otherwise(answer: Answer, error: type[Exception], said: str) -> None:
    async with providing(answer) as provider:
        wire = GeminiWire("gemini-2.5-pro", Way(url=provider.url.removesuffix("/v1"), key=KEY))
        await wire.load()
        with pytest.raises(error, match=said) as caught:
            await wire(HELLO)
        await wire.close()
        assert "@octocat" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(raw=b'data: {"id": "x", "choi'), "can't be read"),
        (Answer(raw=b'data: {"id": "x", "choi\n\n'), "broke off"),
        (Answer(raw=b"<html>no</html>"), "can't be read"),
        (Answer(raw=b'data: {"id": 3, "choices": "none"}\n\n'), "can't be read"),
        (Answer(raw=b"data: []\n\n"), "can't be read"),
        (Answer(raw=b"data: " + b"[" * 200_000 + b"\n\n"), "can't be read"),
        (Answer(status=504), "answered 504"),
        (Answer(endless=True), "broke off"),
    ],
    ids=["cut", "half an event", "no JSON", "odd", "list", "deep", "504", "endless"],
)
async def test_an_answer_that_is_none_may_be_asked_for_again_and_may_have_cost(
    tmp_path: Path, answer: Answer, said: str
) -> None:
    async with providing(answer) as provider, asking(tmp_path, provider) as (models, ledger):
        with pytest.raises(ModelBusy, match=said):
            await models.ask(CALL, HELLO)
        found = await spent(ledger)
        assert (found.calls, found.unknown, found.said) == (1, 1, "at most $0.0010"), (
            "the longest answer that it asked for"
        )
        assert len(provider.asked) == 1, "the library repeats nothing by itself"


PROVIDERS = {"openai": "gpt-4o", "anthropic": "claude-sonnet-5", "google": "gemini-2.5-pro"}
OVERLOADED = (
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded @octocat"}}\n\n'
)
LIMITED = b'data: {"error": {"code": "rate_limit_exceeded", "type": "rate_limit_error", "message": "Slow down."}}\n\n'
READS = Answer(text="Let me look.", calls=(("read", {"path": "a"}),), cached=400)


@asynccontextmanager
async def a_wire(provider: str, url: str) -> AsyncIterator[Wire]:
    """To the one on this machine."""
    way = Way(url=url if provider == "openai" else url.removesuffix("/v1"), key=KEY)
    wire = wire_of(provider, PROVIDERS[provider], way)
    await wire.load()
    try:
        yield wire
    finally:
        await wire.close()


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_answer_comes_as_a_stream_and_one_that_is_cut_is_none(name: str) -> None:
    """Wherever it is cut, however the connection ends: nobody acts upon half of a tool's arguments."""
    cuts = [msgspec.structs.replace(READS, broken=(shown, end)) for shown in range(4) for end in ("end", "reset")]
    half_of_a_call = msgspec.structs.replace(READS, broken=({"openai": 4, "anthropic": 7, "google": 4}[name], "end"))
    answers = [READS, *cuts, half_of_a_call]
    async with providing(*answers) as provider, a_wire(name, provider.url) as wire:
        reply = await wire(HELLO)
        assert reply.usage == Usage(input=1_000, cache_read=400, output=100), "what both ends of a stream tell"
        assert [msgspec.json.decode(call.arguments) for call in reply.message.calls] == [{"path": "a"}]
        assert reply.message.text == "Let me look."
        for _ in answers[1:]:
            with pytest.raises(ModelBusy, match=r"broke off|the model's answer can't be read: ") as caught:
                await wire(HELLO)
            assert not caught.value.free, "it may have cost something"
        assert name == "google" or all(body["stream"] for body in provider.asked)
        assert len(provider.asked) == len(answers), "the library repeats nothing by itself"


@pytest.mark.parametrize("name", PROVIDERS)
async def test_what_a_model_asks_for_can_always_be_answered(name: str) -> None:
    """Forty calls at once, of which the first ones count, and arguments that are no JSON."""
    kind = {"openai": "completions", "anthropic": "messages", "google": "generate"}[name]
    many = b"".join(streamed(kind, PROVIDERS[name], Answer(calls=(("read", {"n": 777_777}),) * 40)))
    answers = [Answer(raw=many), Answer(text="Done.")]
    if name != "google":  # whose arguments are read as JSON with the rest
        answers += [
            Answer(raw=many.replace(b"777777", b"1e999")),
            answers[1],
            Answer(raw=many.replace(b"777777", b"NaN")),
        ]
    async with providing(*answers, answers[1]) as provider, a_wire(name, provider.url) as wire:
        for _ in range(len(answers) // 2 + len(answers) % 2):
            reply = await wire(HELLO)
            results = tuple(Result(id=call.id, name=call.name, text="It is there.") for call in reply.message.calls)
            came = Message(role="results", results=results)
            last = await wire(msgspec.structs.replace(HELLO, messages=(*HELLO.messages, reply.message, came)))
            assert (last.message.text, len(results)) == ("Done.", 32)
            said = msgspec.json.encode(provider.asked[-1]).decode()
            called = {"openai": '"type":"function"', "anthropic": '"type":"tool_use"', "google": '"functionCall"'}[name]
            assert (said.count(called), said.count("It is there.")) == (32, 32)


@pytest.mark.parametrize(
    ("name", "answer", "said", "free"),
    [
        ("openai", Answer(status=429, headers={"retry-after": "3"}), "answered 429", True),
        ("openai", Answer(raw=LIMITED), "answered 429", False),
        ("anthropic", Answer(status=529), "answered 529", True),
        ("anthropic", Answer(raw=OVERLOADED), "answered 529", False),
        ("google", Answer(status=503), "answered 503", True),
        ("openai", Answer(status=500, endless=True), "broke off", False),
        ("anthropic", Answer(status=500, endless=True), "broke off", False),
        ("google", Answer(status=500, endless=True), "broke off", False),
        ("anthropic", Answer(raw=b'event: message_start\ndata: {"type": "mess\n\n'), "broke off", False),
        (
            "anthropic",
            Answer(raw=b'event: message_start\ndata: {"type": "message_start", "message": 7}\n\n'),
            "read",
            False,
        ),
    ],
    ids=["limit", "limit in it", "overloaded", "overloaded in it", "away", "o", "a", "g", "half an event", "odd"],
)
async def test_what_goes_wrong_in_a_stream_may_go_better_later(
    name: str, answer: Answer, said: str, free: bool
) -> None:
    async with providing(answer) as provider, a_wire(name, provider.url) as wire:
        with pytest.raises(ModelBusy, match=said) as caught:
            await wire(HELLO)
        assert caught.value.free is free
        assert "@octocat" not in str(caught.value)
        assert len(provider.asked) == 1


async def test_a_model_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    silent = Answer(gate=asyncio.Event())
    async with providing(silent) as provider, asking(tmp_path, provider, seconds=0.2) as (models, _):
        with pytest.raises(ModelBusy, match="the model did not answer within 0 s"):
            await models.ask(CALL, HELLO)


async def test_a_limit_is_told_with_its_time_and_costs_nothing(tmp_path: Path) -> None:
    limit = Answer(status=429, text="Slow down.", headers={"retry-after": "7"})
    async with providing(limit) as provider, asking(tmp_path, provider) as (models, ledger):
        with pytest.raises(ModelBusy) as caught:
            await models.ask(CALL, HELLO)
        assert caught.value.retry_after == 7
        found = await spent(ledger)
        assert (found.calls, found.unknown, found.unpriced, found.cost) == (1, 0, 0, Decimal(0))


async def test_a_refusal_is_one_harmless_sentence(tmp_path: Path) -> None:
    answer = Answer(status=401, text="Bad key, @octocat: closes #1")
    async with providing(answer) as provider, asking(tmp_path, provider) as (models, _):
        with pytest.raises(NotPossible) as caught:
            await models.ask(CALL, HELLO)
    assert "status 401" in str(caught.value)
    assert "@octocat" not in str(caught.value)
    assert "closes #1" not in str(caught.value)


def test_what_a_provider_answers_in_words() -> None:
    told = [error_of(503, {}, None), error_of(429, {"retry-after": "7"}, None), error_of(400, {}, None)]
    told += [error_of(400, {}, {"error": {"message": "@ana"}}), error_of(400, {}, None, has_begun=True)]
    assert [(type(each), str(each)) for each in told] == [
        (ModelBusy, "the model's provider answered 503"),
        (ModelBusy, "the model's provider answered 429"),
        (NotPossible, "The model's provider refused the call with status 400: it does not say why"),
        (NotPossible, "The model's provider refused the call with status 400: \\@\u2060ana"),
        (ModelBusy, "the model's provider answered 400"),
    ]
    free = [status for status in range(600) if is_free(status)]
    assert free == [*range(400, 408), *range(409, 500), 500, 502, 503, 529]
    begun = error_of(503, {}, None, has_begun=True)
    odd = [error_of(429, {"retry-after": each}, None) for each in ("²", "-1", "1.5", "soon", "9e9", "99999999")]
    assert [each.retry_after for each in odd if isinstance(each, ModelBusy)] == [None, None, 1.5, None, None, 3_600]
    assert isinstance(told[0], ModelBusy)
    assert isinstance(begun, ModelBusy)
    assert (told[0].free, begun.free) == (True, False)
    assert (LONGEST, BROKE_OFF) == (8_000_000, "the model can't be reached, or its answer broke off")


async def test_a_model_without_a_price_is_refused_until_it_is_allowed(tmp_path: Path) -> None:
    async with providing(Answer(text="Hi.")) as provider:
        async with asking(tmp_path, provider, name="qwen-local") as (models, _):
            with pytest.raises(NotPossible) as refused:
                await models.ask(CALL, HELLO)
            assert str(refused.value) == (
                "Nobody knows what `openai:qwen-local` costs, so no budget could hold; whoever runs this Lockstep sets "
                "its price in `LOCKSTEP_MODEL_PRICES`, or `LOCKSTEP_MODEL_UNPRICED=allow`."
            )
        assert provider.asked == []
        async with asking(tmp_path, provider, name="qwen-local", budgets=Budgets(allow_unpriced=True)) as (
            models,
            ledger,
        ):
            await models.ask(CALL, HELLO)
            found = await spent(ledger)
            assert (found.calls, found.unpriced, found.cost) == (1, 1, Decimal(0))
        async with asking(tmp_path, provider, name="own") as (models, ledger):
            await models.ask(CALL, HELLO)
            costs = {each.model: each.cost for each in await ledger.spent(CALL.plan_id)}
            assert costs["openai:own"] == Decimal("0.0012")


@pytest.mark.parametrize(
    ("scope", "whose"),
    [
        ("attempt", "The budget of one attempt"),
        ("task", "The budget of this task"),
        ("plan", "The budget of this plan"),
        ("repo", "This day's budget of the repository"),
        ("day", "The budget of this day"),
    ],
)
async def test_no_call_is_made_once_a_budget_is_used_up(tmp_path: Path, scope: str, whose: str) -> None:
    work = Call(plan_id="acme/api#1", purpose="attempt", run_id="r1", task="one", repo="acme/api")
    budgets = msgspec.structs.replace(Budgets(), **{scope: Decimal("0.002")})
    async with providing(Answer(text="Hi.")) as provider, asking(tmp_path, provider, budgets=budgets) as (models, _):
        await models.ask(work, HELLO)
        with pytest.raises(NotPossible) as refused:
            await models.ask(work, HELLO)
        said = str(refused.value)
        where = "the task's `budget`" if scope == "task" else f"`LOCKSTEP_BUDGET_{scope.upper()}`"
        held = "by what was spent and what is held for calls whose cost is not known"
        assert said == f"{whose} is used up, {held}. More is given by {where}."
        assert len(provider.asked) == 1
        if scope == "task":
            await models.ask(work, HELLO, budget=Decimal(1))


async def test_an_answer_that_does_not_say_what_it_took_counts_with_its_most(tmp_path: Path) -> None:
    quiet = Answer(text="Hi.", untold=True)
    budgets = Budgets(plan=Decimal("0.0001"))
    async with providing(quiet) as provider, asking(tmp_path, provider, budgets=budgets) as (models, ledger):
        assert (await models.ask(CALL, HELLO)).usage is None
        with pytest.raises(NotPossible, match="is used up"):
            await models.ask(CALL, HELLO)
        found = await spent(ledger)
        assert (len(provider.asked), found.calls, found.unpriced, found.cost) == (1, 1, 1, Decimal(0))
    free = Budgets(plan=Decimal("0.0001"), allow_unpriced=True)
    async with providing(quiet) as provider, asking(tmp_path, provider, name="qwen", budgets=free) as (models, _):
        other = msgspec.structs.replace(CALL, plan_id="acme/api#2")
        for _ in range(2):
            await models.ask(other, HELLO)
        assert len(provider.asked) == 2, "where no price is known nothing is held"


class Odd(PydanticWire):
    """Of a provider that says whatever it likes of what a call took."""

    def __init__(self, usage: Usage) -> None:
        super().__init__("openai", "own", Way())
        self.usage = usage

    async def load(self) -> None:
        return

    async def __call__(self, ask: Ask) -> Reply:
        return Reply(message=Message(role="model", text="Hi."), usage=self.usage)


@pytest.mark.parametrize("odd", [Usage(input=-9_000, output=100), Usage(input=10**30), Usage(input=10, output=-1)])
async def test_what_no_call_can_have_taken_is_not_believed(tmp_path: Path, odd: Usage) -> None:
    """Nor is anything earned by it."""
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    ledger, prices = Ledger(database), Prices(read_rates("openai:own=1/2"))
    models = Models("openai", "own", Odd(odd), ledger, prices, Budgets(), SystemClock())
    assert (await models.ask(CALL, HELLO)).usage is None
    found = await spent(ledger)
    assert (found.calls, found.unpriced, found.cost) == (1, 1, Decimal(0))
    assert found.held > 0
    await database.close()


async def test_the_test_model_asks_nobody(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    models = models_of(Settings(model="test"), database, SystemClock())
    assert models is not None
    assert models.title == "test"
    reply = await models.ask(CALL, HELLO)
    assert "tasks:" in reply.message.text
    found = await spent(Ledger(database))
    assert (found.calls, found.unpriced, found.cost) == (1, 0, Decimal(0))
    await models.close()
    await database.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(model="gpt-4o", model_key=KEY), "write anthropic:NAME, openai:NAME, google:NAME or test"),
        (Settings(model="mistral:large", model_key=KEY), "write anthropic:NAME, openai:NAME, google:NAME or test"),
        (Settings(model="openai:gpt 4", model_key=KEY), "names no model"),
        (Settings(model="openai:gpt-4o"), "LOCKSTEP_MODEL_KEY or OPENAI_API_KEY"),
        (Settings(model="openai:gpt-4o", model_key=KEY, model_url="nowhere"), "LOCKSTEP_MODEL_URL is no address"),
        (Settings(model="test", model_prices="openai:x=cheap"), "LOCKSTEP_MODEL_PRICES"),
    ],
)
def test_what_cannot_be_used_is_refused_at_start(tmp_path: Path, settings: Settings, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        models_of(settings, SqliteDatabase(tmp_path / "x.sqlite"), SystemClock())
    assert KEY not in str(caught.value)


def test_without_the_extra_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install '.\[models\]'"):
        models_of(Settings(model="test"), SqliteDatabase(tmp_path / "x.sqlite"), SystemClock())
    assert models_of(Settings(), SqliteDatabase(tmp_path / "x.sqlite"), SystemClock()) is None


def test_the_providers_own_variable_is_taken_where_ours_is_empty() -> None:
    environ = {"LOCKSTEP_MODEL": "anthropic:claude", "ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": "other"}
    assert read_settings(environ).model_key == KEY
    assert read_settings({**environ, "LOCKSTEP_MODEL_KEY": "mine"}).model_key == "mine"
    assert read_settings({"ANTHROPIC_API_KEY": KEY}).model_key == ""
    settings = read_settings(environ)
    assert KEY in secrets(settings)
    assert KEY not in repr(settings)
    assert KEY not in repr(Way(key=KEY))


def test_models_to_choose_among_are_read_and_guessed_by_their_prices() -> None:
    settings = read_settings(
        {
            "LOCKSTEP_MODEL": "anthropic:claude-sonnet-5",
            "LOCKSTEP_MODELS": "small=openai:gpt-4o-mini, large=anthropic:claude-sonnet-5",
            "ANTHROPIC_API_KEY": KEY,
            "OPENAI_API_KEY": "sk-other-0123456789",
            "LOCKSTEP_MODEL_POLICY": "cascade",
        }
    )
    rules = rules_of(settings)
    assert rules is not None
    assert [(tier.name, tier.model) for tier in rules.tiers] == [
        ("small", "openai:gpt-4o-mini"),
        ("large", "anthropic:claude-sonnet-5"),
    ]
    assert 0 < rules.tiers[0].guess < rules.tiers[1].guess
    assert (rules.policy, rules.attempts) == ("cascade", 3)
    assert {KEY, "sk-other-0123456789"} <= set(secrets(settings))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"models": "small=openai:a"}, "LOCKSTEP_MODELS needs LOCKSTEP_MODEL"),
        ({"models": "small:openai"}, "has 'small:openai'; write NAME=provider:model"),
        ({"models": "a=openai:gpt-4o, a=openai:gpt-4o"}, "each name once"),
        ({"models": "a=google:gemini-2.5-pro"}, "set LOCKSTEP_GOOGLE_KEY"),
        ({"model": "test", "models": "a=test, b=openai:gpt-4o"}, "LOCKSTEP_MODEL=test would answer for openai:gpt-4o"),
        ({"models": "a=openai:nobody-knows-it"}, "Nobody knows what openai:nobody-knows-it costs"),
        ({"models": ", ".join(f"t{n}=openai:gpt-4o" for n in range(7))}, "6 at most"),
        ({"models": "a=openai:gpt-4o", "model_fixed": "b"}, "LOCKSTEP_MODEL_FIXED is none of the names"),
    ],
)
def test_models_that_can_not_be_chosen_among_are_refused_at_start(told: dict[str, str], said: str) -> None:
    base = {} if "needs" in said else {"model": "openai:gpt-4o", "model_key": KEY}
    with pytest.raises(UserError, match=said):
        rules_of(Settings(**{**base, **told}))  # type: ignore[arg-type]


def test_prices_of_ones_own_are_read() -> None:
    rates = read_rates("openai:a=0.1/0.4, anthropic:b:c=1/4/0.1,")
    into = Decimal("0.1")
    assert rates["openai:a"] == Rate(
        input=into, output=Decimal("0.4"), cache_read=into, cache_write=into, cache_write_hour=2 * into
    )
    assert (rates["anthropic:b:c"].cache_read, rates["anthropic:b:c"].cache_write) == (into, Decimal(1))
    assert read_rates("anthropic:c=1/4/0.1/1.25")["anthropic:c"].cache_write == Decimal("1.25")
    assert read_rates("anthropic:c=1/4/0.1/1.25")["anthropic:c"].cache_write_hour == Decimal(2)
    assert read_rates("anthropic:c=1/4/0.1/1.25/3")["anthropic:c"].cache_write_hour == Decimal(3)
    for wrong in ("a=1/2", "openai:a=1", "openai:a=-1/2", "openai:a=nan/1", "openai:a=1/2/3/4/5/6"):
        with pytest.raises(UserError) as caught:
            read_rates(wrong)
        how = "; write provider:model=INPUT/OUTPUT, in US dollars for a million tokens."
        assert str(caught.value) == f"LOCKSTEP_MODEL_PRICES has {wrong!r}{how}"


def test_input_from_the_cache_has_its_own_price() -> None:
    prices = Prices(read_rates("openai:a=1/2/0.1/1.25"))
    usage = Usage(input=1_000_000, cache_read=400_000, cache_write=200_000, output=500_000)
    assert prices.of("openai", "a", usage).cost == Decimal("1.69")
    hour = Usage(input=1_000_000, cache_read=400_000, cache_write=200_000, cache_write_hour=100_000, output=500_000)
    assert prices.of("openai", "a", hour).cost == Decimal("1.765")
    assert prices.of("openai", "nobody-knows", usage).cost is None
    assert prices.of("openai", "a", Usage(input=10, cache_read=1_000_000)).cost == Decimal("0.1"), (
        "nothing is given back"
    )


@pytest.mark.parametrize("frees", [True, False])
async def test_who_waits_for_money_waits_as_long_however_many_calls_of_others_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frees: bool
) -> None:
    """Four minutes later there is room, or there is none after five; it looks about once a second."""
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    clock, pauses = HandClock(), list[float]()
    before = clock.now()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.pass_(seconds=seconds)
        assert models is not None
        is_time = frees and clock.now() - before > WAIT * 0.8
        await models.failed(holds if is_time else 0, is_free=True)  # 0: somebody else's

    monkeypatch.setattr("bot.modelling.pause", pause)
    told = {"model_prices": "openai:own=1/1", "model_timeout": 900.0, "budget_plan": 5.0}
    models = models_of(Settings(model="openai:own", model_key=KEY, **told), database, clock)  # type: ignore[arg-type]
    assert models is not None
    holds = await models.reserve(CALL, 0, 4_000_000)
    if frees:
        assert await models.reserve(CALL, 0, 4_000_000, fits=True) > holds
    else:
        with pytest.raises(ModelBusy, match="under way"):
            await models.reserve(CALL, 0, 4_000_000, fits=True)
        assert WAIT <= clock.now() - before < WAIT * 1.01
    assert sum(each < SPACING[1] for each in pauses) < 10 < sum(each == SPACING[1] for each in pauses)
    await models.close()
    await database.close()
