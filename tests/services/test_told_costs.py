"""What stands in a plan's comment of costs goes by no repository that its readers may not know."""

from collections.abc import AsyncIterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.clock import SystemClock
from services.agents.models import Budgets, Models, Way
from services.agents.prices import Prices
from services.agents.wire import PydanticWire
from services.core.choose import Rules, Tier
from services.core.chosen import Chosen
from services.core.plan import Plan
from services.core.records import Try
from services.engine.choosing import may_tell_known
from services.engine.parts import Parts
from services.engine.shown import Shown
from services.engine.spending import expected, told
from services.store.attempts import Attempts, keep
from services.store.db import Database
from services.store.ledger import Ledger
from tests.kit.plans import NOW, task
from tests.kit.store import Place

PLAN = Plan(title="p", tasks=(task("a", agent="coder"),))


class Reads:
    """An App that is installed on two repositories, one of them private; a third is not to be read any more."""

    async def installation_of(self, _: str) -> Any:
        return SimpleNamespace(id="7")

    async def installed_repositories(self, _: str) -> Any:
        return [SimpleNamespace(full_name=name, private=name == "Acme/secret") for name in ("Acme/Api", "Acme/secret")]

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=repo.lower() == "acme/secret")


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


def parts(attempts: Attempts) -> Parts:
    budgets = SimpleNamespace(task=Decimal(5), plan=Decimal(25), allow_unpriced=False)
    settings = SimpleNamespace(models=Rules(tiers=(Tier(name="small"), Tier(name="large"))))
    made = SimpleNamespace(
        models=SimpleNamespace(provider="openai", budgets=budgets), attempts=attempts, settings=settings,
        github=SimpleNamespace(reads=Reads()), clock=SimpleNamespace(now=lambda: NOW),
    )  # fmt: skip
    return cast("Parts", made)


async def done(database: Database, repo: str, count: int, cost: int, plan: str = "acme/other#1") -> None:
    """So many tasks in this repository that the largest model has done at this price."""
    attempts = Attempts(database)
    for n in range(count):
        tried = Try(task=f"t{n}", attempt=1, repo=repo, agent="coder", passed=True)
        await database.write(lambda c, one=tried: keep(c, plan, f"{plan} {repo}", [one], NOW))  # type: ignore[misc]
        await attempts.choose(f"{plan} {repo}", tried.task, 1, Chosen(tier="large", model="openai:large"))
    query = "UPDATE attempt SET cost = ? WHERE repo = ?"
    await database.write(lambda c: c.execute(query, (cost * 10**12, repo.lower())))


async def test_a_public_plan_is_priced_by_what_is_public(database: Database) -> None:
    attempts = Attempts(database)
    await done(database, "Acme/Api", 5, 1)
    await done(database, "Acme/secret", 10, 300)
    await done(database, "Acme/gone", 10, 300)
    here = await expected(parts(attempts), "Acme/Api#1", PLAN, None)
    assert here.endswith("will cost $1.00 to $1.00 in about eight of ten cases, by 5 that are done.")
    assert "by 25 that are done." in await expected(parts(attempts), "Acme/secret#1", PLAN, None)


async def test_where_only_private_ones_are_known_the_budgets_bound_it(database: Database) -> None:
    await done(database, "Acme/secret", 10, 300)
    said = await expected(parts(Attempts(database)), "Acme/Api#1", PLAN, None)
    assert "will cost $0.00 to $5.00: too few like them are done" in said


async def test_the_largest_model_is_priced_by_what_may_be_told_too(database: Database) -> None:
    attempts = Attempts(database)
    await done(database, "Acme/secret", 10, 300)
    await done(database, "Acme/Api", 1, 1, "Acme/Api#1")
    await done(database, "Acme/secret", 2, 400, "Acme/Api#1")
    (said,) = [each for each in await told(parts(attempts), "Acme/Api#1", None, None) if "Always" in each]
    assert "for 1 task, by 1 of its attempts" in said
    shown = Shown(cast("Any", None), cast("Any", None), cast("Any", None), attempts=attempts, largest="large")
    works = [work for work in await shown.works("Acme/Api#1") if work.repo == "acme/api"]
    assert await shown.follows("Acme/Api#1", works) == [said]


async def test_why_a_model_was_chosen_has_no_figures_in_public_where_they_go_by_private_ones(
    database: Database,
) -> None:
    attempts = Attempts(database)
    await done(database, "Acme/Api", 5, 1)
    known = await attempts.known("acme")
    assert await may_tell_known(parts(attempts), "Acme", {"Acme/Api"}, known), "all of it is public"
    await done(database, "Acme/secret", 10, 300)
    known = await attempts.known("acme")
    assert not await may_tell_known(parts(attempts), "Acme", {"Acme/Api"}, known)
    assert not await may_tell_known(parts(attempts), "Acme", {"Acme/Api", "Acme/secret"}, known)
    assert await may_tell_known(parts(attempts), "Acme", {"Acme/secret"}, known)
    assert not await may_tell_known(parts(attempts), "Acme", {"Acme/secret", "Other/secret"}, known), "another owner's"


@pytest.mark.parametrize(
    ("name", "tiers", "is_known"), [("own", (), False), ("gpt-4o", (), True), ("gpt-4o", ("openai:own",), False)]
)
async def test_what_will_be_spent_is_not_known_where_a_price_is_not(
    database: Database, name: str, tiers: tuple[str, ...], is_known: bool
) -> None:
    own = parts(Attempts(database))
    own.models = Models(  # type: ignore[misc]
        "openai", name, PydanticWire("openai", name, Way()), Ledger(database), Prices({}),
        Budgets(allow_unpriced=True), SystemClock(),
    )  # fmt: skip
    own.settings.models = Rules(tiers=tuple(Tier(name="a", model=each) for each in tiers))  # type: ignore[misc]
    said = await expected(own, "Acme/Api#1", PLAN, None)
    assert said == (
        "The 1 task that models still have to do will cost $0.00 to $5.00: too few like them are done to tell more than "
        "their budgets do."
        if is_known
        else "What the 1 task that models still have to do will cost is not known: nobody knows the price of a model that "
        "may do them."
    )
