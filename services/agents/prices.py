"""What a model call costs: the operator's own prices first, then the table of genai-prices, which needs no network.

An unknown model has no price. It is never taken for free: whether such a model may be used is the operator's choice.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from services.core.cost import Usage
from services.errors import UserError

MILLION = Decimal(1_000_000)


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens; cache_read: of those of the input that come from the provider's cache;
    cache_write: of those that go there, and cache_write_hour: to stay there for an hour.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_hour: Decimal


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """cost: None where nobody knows it. source: who says so."""

    cost: Decimal | None
    source: str


class Prices:
    """own: by `provider:model`."""

    def __init__(self, own: Mapping[str, Rate]) -> None:
        self._own = own

    def of(self, provider: str, model: str, usage: Usage) -> Price:
        """The price of a call that took so much."""
        rate = self._own.get(f"{provider}:{model}")
        if rate is not None:
            plain = max(usage.input - usage.cache_read - usage.cache_write, 0)
            hour = min(usage.cache_write_hour, usage.cache_write)
            cost = plain * rate.input + usage.cache_read * rate.cache_read + usage.output * rate.output
            cost += (usage.cache_write - hour) * rate.cache_write + hour * rate.cache_write_hour
            return Price(cost=cost / MILLION, source="settings")
        if provider == "test":
            return Price(cost=Decimal(0), source="test model")
        return _listed(provider, model, usage)


def _listed(provider: str, model: str, usage: Usage) -> Price:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(  # with no part larger than its whole, whatever was told, as then it would have no price
        input_tokens=max(usage.input, usage.cache_read + usage.cache_write),
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=min(usage.cache_write_hour, usage.cache_write),
        output_tokens=usage.output,
    )
    try:
        cost = calc_price(tokens, model, provider_id=provider).total_price
    except (LookupError, ValueError):
        return Price(cost=None, source="")
    return Price(cost=cost, source="genai-prices")


def read_rates(text: str) -> dict[str, Rate]:
    """`openai:qwen3=0.1/0.4, openai:other=1/4/0.1/1.25`: input, output, what comes from the cache and what goes there
    (as input if left out), and what goes there for an hour (twice the input, as at Anthropic).

    UserError names the entry that can't be read.
    """
    rates: dict[str, Rate] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, prices = entry.rpartition("=")
        try:
            money = [Decimal(each.strip()) for each in prices.split("/")]
        except InvalidOperation:
            money = []
        if (
            ":" not in name
            or len(money) not in {2, 3, 4, 5}
            or not all(each.is_finite() and each >= 0 for each in money)
        ):
            raise UserError(
                f"LOCKSTEP_MODEL_PRICES has {entry[:60]!r}; write provider:model=INPUT/OUTPUT, in US dollars for a "
                "million tokens."
            )
        into, out, *cached = money
        read, written, hour = (*cached, *(into, into, 2 * into)[len(cached) :])
        rates[name.strip()] = Rate(input=into, output=out, cache_read=read, cache_write=written, cache_write_hour=hour)
    return rates
