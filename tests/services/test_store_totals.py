"""services/store/totals.py: what an operator watches, on both databases."""

from datetime import timedelta
from decimal import Decimal

from services.core.cost import Usage
from services.core.records import Try
from services.core.task_state import TaskState
from services.metrics import Metrics
from services.store.attempts import keep
from services.store.db import Database
from services.store.ledger import Call, Ledger
from services.store.totals import Watched
from tests.kit.plans import NOW
from tests.kit.stored import run_over, stored_run


async def test_what_there_is_is_counted(database: Database) -> None:
    watched, ledger = Watched(database), Ledger(database)
    assert (await watched.totals(NOW)).plans == {}
    await stored_run(database, TaskState(id="a"), TaskState(id="b", state="failed"))
    over = await stored_run(database, TaskState(id="c", state="done"), run_id="r2", number=2)
    await run_over(database, over, NOW)
    tries = [
        Try(task="a", attempt=1, repo="acme/api", agent="script"),  # it was stopped, and tried again
        Try(task="a", attempt=2, repo="acme/api", agent="script"),
        Try(task="b", attempt=1, repo="acme/api", agent="script", came="failed"),
    ]
    await database.write(lambda c: keep(c, "acme/platform#1", "r3", tries, NOW))
    await stored_run(database, TaskState(id="a", state="running"), TaskState(id="b"), run_id="r3", number=3)
    row = await ledger.begin(Call(plan_id="p", purpose="draft"), "test", "test", Decimal(1), (), NOW)
    assert isinstance(row, int)
    await ledger.end(row, Usage(input=100, output=5), Decimal("1.25"), "x")
    assert (await watched.totals(NOW)).plans == {}, "asked a moment ago"
    found = await watched.totals(NOW + timedelta(minutes=1))
    assert (found.plans, found.tasks) == ({"running": 2, "done": 1}, {"blocked": 2, "failed": 1, "running": 1})
    assert found.attempts == {("script", "stopped"): 1, ("script", "running"): 1, ("script", "failed"): 1}
    assert (found.tokens["input"], found.cost, found.spent) == (100, Decimal("1.25"), Decimal("1.25"))
    metrics = Metrics()
    metrics.agents(["script"])
    metrics.stored(found, 10.0)
    text = metrics.text().decode()
    for line in (
        'lockstep_tasks{state="failed"} 1.0',
        'lockstep_attempts_on_record{agent="script",outcome="failed"} 1.0',
        "lockstep_budget_left_dollars 8.75",
        "lockstep_cost_dollars_total 1.25",
    ):
        assert line in text
