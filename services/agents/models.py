"""The one way to a model: a budget is asked before every call, and every call is in the ledger, whatever became of it.

Who asks hands over plain messages and gets plain ones back, so a conversation can be kept between two calls and gone on
with by another process. The library that speaks with providers is an extra, and is loaded when a model is first asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import count as counting
from typing import Any, Literal, Protocol

import msgspec

from services.agents.prices import Prices
from services.core.clock import Clock
from services.core.cost import Usage
from services.core.text import code
from services.core.tokens import Counts, Weights, count
from services.errors import BudgetUsedUp, ModelBusy, NotPossible
from services.store.ledger import Call, Cap, Full, Ledger, title

KNOWN = ("anthropic", "openai", "google", "test")
"""Providers."""
LEARNED = 20
"""Replies from which on tokens are foretold by what they have told."""
MARGIN = 1.12
"""What a prompt may be more than is foretold, 95 times of 100."""
WAIT = timedelta(minutes=5)
"""How long a call that has to wait for others asks the budgets again."""
SPACING = (0.02, 1.0)
"""Seconds between two looks at least, first and later: any call's end is heard, and a busy process has many."""
PAUSE = 5.0
"""And more at most: of calls that end in another process nobody here hears."""
LARGEST = 10**9
"""Tokens that one call may be said to have taken."""
PER_TOKEN = 3
"""Characters of a prompt that are at least a token, for what a call may cost at most."""


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wants done. arguments: JSON, as it wrote it."""

    id: str
    name: str
    arguments: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one tool call."""

    id: str
    name: str
    text: str


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn of a conversation. raw: a model's turn in the library's own JSON, with what providers want back."""

    role: Literal["user", "model", "results"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[Result, ...] = ()
    raw: str = ""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What a model may ask for. schema: JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One call. tokens: of the answer, at most."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tokens: int = 8_000

    @property
    def characters(self) -> int:
        said = sum(
            len(each.text) + len(each.raw) + sum(len(one.text) for one in each.results) for each in self.messages
        )
        return len(self.system) + said + sum(len(msgspec.json.encode(tool)) for tool in self.tools)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered. usage: None when the provider did not tell.  is_cut: it would have gone on."""

    message: Message
    usage: Usage | None
    is_cut: bool = False


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider is reached. url: empty for its own; proxy: "" for none; ca: PEM text trusted beside the usual."""

    url: str = ""
    key: str = ""
    proxy: str = ""
    ca: str = ""

    def __repr__(self) -> str:
        return f"Way(url={self.url!r})"


class Wire(Protocol):
    """Speaks with one model. ModelBusy, NotPossible."""

    @property
    def way(self) -> Way: ...

    async def load(self) -> None:
        """Get ready, which takes seconds the first time and blocks nobody; NotPossible."""
        ...

    async def __call__(self, ask: Ask, /) -> Reply: ...

    async def close(self) -> None: ...

    def named(self, name: str, /) -> "Wire":
        """The same to another model of the provider."""
        ...


class Budgets(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars: for a task in a run, where its plan says nothing; for a run; in a day for all. For an attempt, and in
    a day for one repository, 0 is no bound.

    allow_unpriced: a model without a known price may be used.
    """

    task: Decimal = Decimal(5)
    plan: Decimal = Decimal(25)
    attempt: Decimal = Decimal(0)
    repo: Decimal = Decimal(0)
    day: Decimal = Decimal(50)
    allow_unpriced: bool = False

    def caps(self, call: Call, budget: Decimal | None = None) -> list[Cap]:
        """All that hold for a call, the narrowest first. budget: of its task, in place of the usual."""
        caps = [Cap(scope="attempt", limit=self.attempt)] if call.task and self.attempt else []
        caps += [Cap(scope="task", limit=self.task if budget is None else budget)] if call.task else []
        caps += [Cap(scope="plan", limit=self.plan)]
        caps += [Cap(scope="repo", limit=self.repo)] if call.repo and self.repo else []
        return [*caps, Cap(scope="day", limit=self.day)]


class Models:
    """The model of this Lockstep. provider, name: as in `anthropic:claude-sonnet-5`.  wires: to other providers for
    which there is a key, each to any model of theirs.  pause: waits so many seconds
    before budgets are asked again; None: every end of a call is a reason to.
    """

    def __init__(
        self,
        provider: str,
        name: str,
        wire: Wire,
        ledger: Ledger,
        prices: Prices,
        budgets: Budgets,
        clock: Clock,
        *,
        seconds: float = 300.0,
        wires: Mapping[str, Wire] | None = None,
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._wires = wires or {}
        self.provider, self.name = provider, name
        self._others: dict[str, Models] = {}
        self._wire, self._ledger, self._prices, self._budgets, self._clock = wire, ledger, prices, budgets, clock
        self._seconds, self._pause = seconds, pause
        self._weights = Weights()

    @property
    def title(self) -> str:
        return title(self.provider, self.name)

    @property
    def way(self) -> Way:
        """How the provider is reached, with its key."""
        return self._wire.way

    @property
    def budgets(self) -> Budgets:
        return self._budgets

    @property
    def seconds(self) -> float:
        """For one call."""
        return self._seconds

    async def has_price(self) -> bool:
        """Does anybody know what it costs?"""
        return (await asyncio.to_thread(self._prices.of, self.provider, self.name, Usage())).cost is not None

    async def close(self) -> None:
        for other in self._others.values():
            await other.close()
        await self._wire.close()

    def named(self, wanted: str) -> "Models":
        """Another model, by its name with or without the provider's; "" for this one.

        NotPossible for one of a provider for which there is no key.
        """
        provider, colon, name = wanted.partition(":")
        if not colon or provider not in KNOWN:
            provider, name = self.provider, wanted
        if provider != self.provider and provider not in self._wires:
            raise NotPossible(
                f"The model {code(wanted)} is of another provider than {code(self.title)}, and there is no key for it."
            )
        if not name or (provider, name) == (self.provider, self.name) or self.provider == "test":
            return self
        key = f"{provider}:{name}"
        if key not in self._others:
            wire = (self._wire if provider == self.provider else self._wires[provider]).named(name)
            rest = (self._ledger, self._prices, self._budgets, self._clock)
            self._others[key] = Models(provider, name, wire, *rest, seconds=self._seconds, pause=self._pause)
        return self._others[key]

    async def ask(self, call: Call, ask: Ask, *, seconds: float | None = None, budget: Decimal | None = None) -> Reply:
        """Make one call. seconds: fewer than usual; budget: of the task, in US dollars.

        NotPossible: nothing was sent, or it was refused for good; ModelBusy: it may go better later.
        """
        await self._wire.load()
        counts = await asyncio.to_thread(counted, ask)
        row = await self.reserve(call, self.foretold(counts, ask.characters) * PER_TOKEN, ask.tokens, budget)
        reply = _believed(await self._called(row, ask, min(seconds or self._seconds, self._seconds)))
        await self.settle(row, reply.usage or Usage(), is_told=reply.usage is not None)
        if reply.usage is not None:
            self._weights = self._weights.learn(counts, reply.usage.input)
        return reply

    def foretold(self, counts: Counts, characters: int) -> int:
        """Tokens of a prompt, as far as replies have told; before that as many as its characters can be."""
        if self._weights.seen < LEARNED:
            return characters // PER_TOKEN
        return round(self._weights.of(counts) * MARGIN)

    async def reserve(
        self,
        call: Call,
        characters: int,
        tokens: int,
        budget: Decimal | None = None,
        *,
        is_for_an_hour: bool = False,
        fits: bool = False,
    ) -> int:
        """Ask the budgets for a call that is made next, and note it; its row. NotPossible: it may not be made.

        is_for_an_hour: its input may be cached for so long.  fits: where there may not be enough for it and the calls
        under way, it waits for one of those to end; ModelBusy: for too long.
        """
        into = characters // PER_TOKEN
        cached = into if self.provider == "anthropic" else 0  # which costs more there than to read it
        most = Usage(input=into, cache_write=cached, cache_write_hour=cached if is_for_an_hour else 0, output=tokens)
        ceiling = await asyncio.to_thread(self._prices.of, self.provider, self.name, most)
        if ceiling.cost is None and not self._budgets.allow_unpriced:
            raise NotPossible(
                f"Nobody knows what {code(self.title)} costs, so no budget could hold; whoever runs this Lockstep sets "
                "its price in `LOCKSTEP_MODEL_PRICES`, or `LOCKSTEP_MODEL_UNPRICED=allow`."
            )
        held = ceiling.cost or Decimal(0)
        until = self._clock.now() + WAIT
        for look in counting():
            ended, now = self._ledger.ended, self._clock.now()
            since = now - timedelta(seconds=self._seconds) if fits else None
            row = await self._ledger.begin(
                call, self.provider, self.name, held, self._caps(call, budget), now, under_way=since
            )
            if not isinstance(row, Full):
                return row
            if not row.for_now:
                raise BudgetUsedUp(_used_up(row), row.cap.scope)
            if now >= until:
                break
            if self._pause is not None:
                await self._pause(min(SPACING[0] * 2 ** min(look, 9), SPACING[1]))
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), PAUSE)
        raise ModelBusy("calls under way may use up the budget", free=True)

    async def settle(self, row: int, usage: Usage, *, is_told: bool = True) -> None:
        """A call was answered. is_told: what it took is known; what is not stays held."""
        price = await asyncio.to_thread(self._prices.of, self.provider, self.name, usage) if is_told else None
        cost, source = (price.cost, price.source) if price is not None else (None, "")
        await self._ledger.end(row, usage, cost, source)

    async def broke_off(self, row: int, usage: Usage | None, tokens: int) -> None:
        """An answer was cut. usage: what it had told of itself until then; tokens: what it can have come to at most."""
        if usage is None:
            await self._ledger.fail(row, free=False)
            return
        most = msgspec.structs.replace(usage, output=max(usage.output, tokens))
        price = await asyncio.to_thread(self._prices.of, self.provider, self.name, most)
        await self._ledger.cut(row, usage, price.cost)

    async def failed(self, row: int, *, is_free: bool) -> None:
        """A call came to nothing; is_free: it was refused at the door."""
        await self._ledger.fail(row, free=is_free)

    async def told(self, call: Call, cost: Decimal) -> None:
        """Keep what an agent's own program says that its calls cost, beside what we count."""
        await self._ledger.told(call, cost)

    async def _called(self, row: int, ask: Ask, seconds: float) -> Reply:
        try:
            async with asyncio.timeout(seconds):
                return await self._wire(ask)
        except TimeoutError:
            await self._ledger.fail(row, free=False)
            raise ModelBusy(f"the model did not answer within {seconds:.0f} s") from None
        except (ModelBusy, NotPossible) as error:
            await self._ledger.fail(row, free=isinstance(error, NotPossible) or error.free)
            raise

    def _caps(self, call: Call, budget: Decimal | None) -> Sequence[Cap]:
        return self._budgets.caps(call, budget)


def _believed(reply: Reply) -> Reply:
    """Without figures that no call can have come to: a server of somebody's own may say anything."""
    told = msgspec.structs.astuple(reply.usage) if reply.usage is not None else ()
    return reply if all(0 <= each < LARGEST for each in told) else msgspec.structs.replace(reply, usage=None)


def counted(ask: Ask) -> Counts:
    """What stands in a call, by what tokens are foretold of."""
    texts = [ask.system, *(msgspec.json.encode(tool).decode() for tool in ask.tools)]
    for message in ask.messages:
        texts += [message.text, message.raw, *(result.text for result in message.results)]
    return count("\n".join(texts))


def _used_up(full: Full) -> str:
    """The sentence for a budget that has no room, and who can give more."""
    whose = {
        "attempt": "The budget of one attempt",
        "task": "The budget of this task",
        "plan": "The budget of this plan",
        "repo": "This day's budget of the repository",
        "day": "The budget of this day",
    }
    where = "the task's `budget`" if full.cap.scope == "task" else f"`LOCKSTEP_BUDGET_{full.cap.scope.upper()}`"
    # No sum: it stands with the task, also in a public plan that must not tell what was spent elsewhere.
    held = "by what was spent and what is held for calls whose cost is not known"
    return f"{whose[full.cap.scope]} is used up, {held}. More is given by {where}."
