"""The model of this process, from the settings: what can't be used is refused at start with one sentence."""

import re
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from bot.loops import pause
from bot.network import network_of
from bot.settings import PREFIX, PROVIDER_KEYS, Settings, provider_keys
from services.agents import wire
from services.agents.embedding import RemoteEmbedder
from services.agents.gemini import GeminiWire
from services.agents.models import Budgets, Models, Way, Wire
from services.agents.prices import Prices, read_rates
from services.agents.wire import PydanticWire
from services.core.choose import MOST_TIERS, Rules, Tier
from services.core.clock import Clock
from services.core.cost import Usage
from services.errors import UserError
from services.store.db import Database
from services.store.ledger import Ledger

TYPICAL = Usage(input=600_000, cache_read=500_000, output=10_000)
"""What an attempt is thought to take, until some have been seen: forty calls, most of each read from the cache."""
_TIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
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
        wire_of(provider, name, way_of(settings)),
        Ledger(database),
        prices,
        budgets_of(settings),
        clock,
        seconds=settings.model_timeout,
        wires=_others(settings, provider),
        pause=pause,
    )


def wire_of(provider: str, name: str, way: Way) -> Wire:
    """Who speaks with this provider."""
    return GeminiWire(name, way) if provider == "google" else PydanticWire(provider, name, way)


def _others(settings: Settings, own: str) -> dict[str, Wire]:
    """Wires to the other providers for which there is a key."""
    network, keys = network_of(settings), provider_keys(settings)
    return {
        provider: wire_of(provider, "", Way(key=key, proxy=network.proxy_for("a provider"), ca=network.ca))
        for provider, key in keys.items()
        if provider != own
    }


def rules_of(settings: Settings) -> Rules | None:
    """How tasks choose among models; None where there is one for all. UserError names the variable and the fix."""
    if not settings.models:
        return None
    if not settings.model:
        raise UserError(f"{PREFIX}MODELS needs {PREFIX}MODEL, too: the model that plans are drafted with.")
    prices, keys, tiers = Prices(read_rates(settings.model_prices)), provider_keys(settings), list[Tier]()
    for entry in filter(None, (part.strip() for part in settings.models.split(","))):
        name, _, model = (part.strip() for part in entry.partition("="))
        provider, _, called = model.partition(":")
        is_known = (provider in PROVIDER_KEYS and bool(_NAME.fullmatch(called))) or model == settings.model == "test"
        if not is_known or not _TIER.fullmatch(name) or name in {tier.name for tier in tiers}:
            raise UserError(f"{PREFIX}MODELS has {entry[:60]!r}; write NAME=provider:model, each name once.")
        if settings.model == "test" and provider != "test":
            raise UserError(f"{PREFIX}MODEL=test would answer for {model}; name a model there that {PREFIX}MODELS has.")
        if provider != "test" and provider not in keys:
            raise UserError(f"{PREFIX}MODELS names {model}: set {PREFIX}{provider.upper()}_KEY.")
        guess = prices.of(provider, called or provider, TYPICAL).cost
        if guess is None and settings.model_policy == "learned":
            raise UserError(f"Nobody knows what {model} costs; set its price in {PREFIX}MODEL_PRICES.")
        tiers.append(Tier(name=name, model=model, guess=guess or Decimal(0)))
    if len(tiers) > MOST_TIERS:
        raise UserError(f"{PREFIX}MODELS names {len(tiers)} models; {MOST_TIERS} at most can be compared.")
    if settings.model_fixed and settings.model_fixed not in {tier.name for tier in tiers}:
        raise UserError(f"{PREFIX}MODEL_FIXED is none of the names in {PREFIX}MODELS.")
    return Rules(
        tiers=tuple(tiers),
        policy=settings.model_policy,
        failure_cost=Decimal(str(settings.model_failure_cost)),
        attempts=settings.model_attempts,
        fixed=settings.model_fixed,
        explore=settings.model_explore,
    )


def way_of(settings: Settings) -> Way:
    """The provider is reached as GitHub is: through the proxy, unless it is on this machine."""
    network, host = network_of(settings), _host(settings.model_url)
    if settings.model_url and not host:
        raise UserError(f"{PREFIX}MODEL_URL is no address of an API; use https://HOST/v1.")
    host = host or "a provider"
    return Way(url=settings.model_url, key=settings.model_key, proxy=network.proxy_for(host), ca=network.ca)


def embedder_of(settings: Settings) -> RemoteEmbedder | None:
    """Who has a second opinion on past tasks, where the operator has set one."""
    if not settings.embeddings_url:
        return None
    if not settings.embeddings_model:
        raise UserError(f"{PREFIX}EMBEDDINGS_URL needs {PREFIX}EMBEDDINGS_MODEL, too: the name of the model there.")
    network, host = network_of(settings), _host(settings.embeddings_url)
    if not host:
        raise UserError(f"{PREFIX}EMBEDDINGS_URL is no address of an API; use https://HOST/v1.")
    way = Way(url=settings.embeddings_url, key=settings.embeddings_key, proxy=network.proxy_for(host), ca=network.ca)
    return RemoteEmbedder(way, settings.embeddings_model)


def _host(url: str) -> str:
    """ "" for what is no address."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def programs_of(settings: Settings) -> Path | None:
    """The folder of agents' programs, where there is one."""
    if not settings.agent_programs:
        return None
    folder = Path(settings.agent_programs)
    if not folder.is_absolute() or not folder.is_dir():
        raise UserError(f"{PREFIX}AGENT_PROGRAMS is no folder; name it from the root on, such as /opt/agents.")
    return folder


def budgets_of(settings: Settings) -> Budgets:
    """As decimals: money is counted exactly."""
    return Budgets(
        task=Decimal(str(settings.budget_task)),
        attempt=Decimal(str(settings.budget_attempt)),
        plan=Decimal(str(settings.budget_plan)),
        repo=Decimal(str(settings.budget_repo)),
        day=Decimal(str(settings.budget_day)),
        allow_unpriced=settings.model_unpriced == "allow",
    )
