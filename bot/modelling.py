"""The model of this process, from the settings: what can't be used is refused at start with one sentence."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

from bot.network import network_of
from bot.settings import PREFIX, PROVIDER_KEYS, Settings
from services.agents import wire
from services.agents.models import Budgets, Models
from services.agents.prices import Prices, read_rates
from services.agents.wire import PydanticWire, Way
from services.core.clock import Clock
from services.errors import UserError
from services.store.db import Database
from services.store.ledger import Ledger

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")


def models_of(settings: Settings, database: Database, clock: Clock) -> Models | None:
    """None where none is set. UserError names the variable and what it accepts, and never a key."""
    prices = Prices(read_rates(settings.model_prices))
    provider, _, name = settings.model.partition(":")
    if not settings.model:
        return None
    if not wire.is_installed():
        fix = "install Lockstep with its extra: pip install '.[models]'"
        raise UserError(f"{PREFIX}MODEL needs pydantic-ai-slim and genai-prices, which aren't installed; {fix}.")
    if settings.model != "test" and (provider not in PROVIDER_KEYS or not _NAME.fullmatch(name)):
        known = ", ".join(f"{each}:NAME" for each in PROVIDER_KEYS)
        raise UserError(f"{PREFIX}MODEL names no model that I can ask; write {known} or test.")
    if provider != "test" and not settings.model_key:
        raise UserError(
            f"{PREFIX}MODEL needs the provider's key: set {PREFIX}MODEL_KEY or {PROVIDER_KEYS[provider]}; a server of "
            "your own that asks for none takes any word."
        )
    return Models(
        provider,
        name or provider,
        PydanticWire(provider, name, way_of(settings)),
        Ledger(database),
        prices,
        budgets_of(settings),
        clock,
        seconds=settings.model_timeout,
    )


def way_of(settings: Settings) -> Way:
    """The provider is reached as GitHub is: through the proxy, unless it is on this machine."""
    network = network_of(settings)
    try:
        parts = urlsplit(settings.model_url)
        is_address = not settings.model_url or (parts.scheme in {"http", "https"} and bool(parts.hostname))
    except ValueError:
        is_address = False
    if not is_address:
        raise UserError(f"{PREFIX}MODEL_URL is no address of an API; use https://HOST/v1.")
    host = parts.hostname or "a provider"
    return Way(url=settings.model_url, key=settings.model_key, proxy=network.proxy_for(host), ca=network.ca)


def budgets_of(settings: Settings) -> Budgets:
    """As decimals: money is counted exactly."""
    return Budgets(
        task=Decimal(str(settings.budget_task)),
        plan=Decimal(str(settings.budget_plan)),
        day=Decimal(str(settings.budget_day)),
        allow_unpriced=settings.model_unpriced == "allow",
    )
