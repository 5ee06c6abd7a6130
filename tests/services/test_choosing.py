"""services/engine/choosing.py: an attempt that is taken up again keeps what it was given."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from bot.clock import SystemClock
from services.agents.models import Budgets, Models, Way
from services.agents.prices import Prices
from services.agents.wire import PydanticWire
from services.core.board import Decision, Run
from services.core.choose import Rules, Tier
from services.core.chosen import Chosen
from services.core.cost import Usage
from services.core.records import Try
from services.core.repairs import Repair
from services.core.task_state import TaskState
from services.engine.choosing import Choosing
from services.store.attempts import Attempts
from services.store.db import Database
from services.store.ledger import Call, Ledger
from services.store.runs import Runs
from tests.kit.plans import NOW, task
from tests.kit.store import Place
from tests.kit.stored import stored_run

RULES = Rules(
    tiers=(
        Tier(name="small", model="openai:small", guess=Decimal("0.10")),
        Tier(name="large", model="openai:large", guess=Decimal("0.90")),
    ),
    policy="cascade",
)
STRONGER = Repair(
    n=1, strategy="stronger_model", cls="test_failure", sha="", attempt=1, about=(), checks=(), signatures=("x",)
)  # fmt: skip
AGAIN = TaskState(id="one", state="running", attempt=2, fence=2, repairs=(STRONGER,))


class Reads:
    """Private repositories without settings of their own."""

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=True)

    async def file(self, repo: str, path: str, *, fresh: bool, through: str = "") -> None:
        return None


async def after_a_failure(database: Database) -> Run:
    """A run whose one task was begun for the second time, after the small tier had failed at it."""
    await database.open()
    run = await stored_run(database, AGAIN)
    failed = Try(task="one", attempt=1, repo="acme/api", agent="coder", came="failed", passed=False, cls="agent_failed")
    begun = Try(task="one", attempt=2, repo="acme/api", agent="coder")
    for each in (failed, begun):
        await Runs(database).commit(run.plan_id, Decision(run_id="r1", state="running", tries=(each,)), NOW)
    await Attempts(database).choose("r1", "one", 1, Chosen(tier="small", model="openai:small"))
    return run


async def test_what_an_attempt_has_spent_does_not_take_its_model_away(place: Place) -> None:
    database = place.database()
    run = await after_a_failure(database)
    ledger, clock, asked = Ledger(database), SystemClock(), task("one", agent="coder")
    wire = PydanticWire("openai", "small", Way())
    parts = SimpleNamespace(
        models=Models("openai", "small", wire, ledger, Prices({}), Budgets(), clock),
        ledger=ledger, clock=clock, attempts=Attempts(database), github=SimpleNamespace(reads=Reads()),
        settings=SimpleNamespace(models=RULES, on_exceed="downgrade"),
    )  # fmt: skip
    choosing = Choosing(cast("Any", parts))
    first = await choosing.for_attempt(run, asked, AGAIN)
    assert (first.tier, first.model) == ("large", "openai:large")
    call = Call(plan_id=run.plan_id, purpose="attempt", run_id="r1", task="one", attempt=2, repo="acme/api")
    row = await ledger.begin(call, "openai", "large", Decimal(5), (), clock.now())
    assert isinstance(row, int)
    await ledger.end(row, Usage(), Decimal("4.50"), "settings")
    assert await choosing.for_attempt(run, asked, AGAIN) == first
    await database.close()
