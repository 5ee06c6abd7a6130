"""What pages ask of the store, on both databases; the pages' own tests say what is made of it."""

from datetime import timedelta
from decimal import Decimal

from services.core.board import Action, Decision, Moment, Run
from services.core.cost import Usage
from services.core.lessons import proposed
from services.core.plan import Parsed
from services.core.repairs import Repair
from services.core.task_state import TaskState
from services.store.checkpoints import Checkpoints, Point, Spot
from services.store.inbox import Delivery, Inbox
from services.store.ledger import Call, Ledger
from services.store.lessons import Lessons
from services.store.plans import PlanRow, Plans
from services.store.recoveries import keep
from services.store.reports import Reports
from services.store.runs import Runs
from tests.kit.plans import NOW, plan, task
from tests.kit.store import Place


async def test_what_is_asked_over_all_plans(place: Place) -> None:
    """One world for all questions: what counts is that both databases answer alike."""
    database = place.database()
    await database.open()
    plans, runs, reports = Plans(database), Runs(database), Reports(database)
    whole = plan(task("a"), task("b", "a"))
    for number, title in ((1, "A 100% plan"), (2, "Later_on")):
        row = PlanRow(
            id=f"acme/p#{number}", repo="acme/p", number=number, title=title, hash=whole.hash, parsed=Parsed(plan=whole),
            author="ana", issue_id=str(number),
        )  # fmt: skip
        await plans.save(row, NOW + timedelta(minutes=number))
    states = {"a": TaskState(id="a", state="running"), "b": TaskState(id="b")}
    run = Run(id="acme/p-1-r1", plan_id="acme/p#1", repo="acme/p", number=1, plan=whole, tasks=states, actor="ana")
    moment = Moment(task="a", kind="started", before="ready", after="running")
    action = Action(key=f"{run.id}/a/1/attempt", kind="attempt", task="a", attempt=1)
    begun = Decision(run_id=run.id, state="running", history=(moment,), actions=(action,))
    assert await runs.create(run, begun, NOW + timedelta(minutes=5))

    lines = await reports.plans()
    assert [(line.id, line.state, line.actor, dict(line.counts)) for line in lines] == [
        ("acme/p#1", "running", "ana", {"running": 1, "blocked": 1}), ("acme/p#2", "planned", "", {}),
    ]  # fmt: skip
    assert [line.id for line in await reports.plans(before=(lines[0].at, lines[0].id))] == ["acme/p#2"]
    assert [line.id for line in await reports.plans(state="planned")] == ["acme/p#2"]
    assert [line.id for line in await reports.plans(words="0%", repo="ACME")] == ["acme/p#1"]
    assert await reports.plans(words="later%") == []
    assert await reports.plan_repos(words="plan") == await reports.plan_repos() == [("acme/p", lines[0].at)]
    assert await reports.plan_repos(before=(lines[0].at, lines[0].id)) == [("acme/p", lines[1].at)]
    assert await reports.plan_repos(state="done") == []
    assert [line.id for line in await reports.plans(repos=("acme/p", "acme/q"), since=lines[1].at)] == ["acme/p#1"]
    assert await reports.plans(repos=()) == await reports.plans(repos=("acme/q",)) == []
    assert await reports.states() == {"running": 1, "planned": 1}
    assert await reports.newest_event() == 2
    assert [(move.task, move.after) for move in await reports.moves("acme/p#1", run.id)] == [("a", "running")]
    history = await reports.history("acme/p#1")
    assert [line.kind for line in history] == ["started", "started"]
    assert [line.seq for line in await reports.history("acme/p#1", before=history[0].seq)] == [history[1].seq]
    assert [line.task for line in await reports.history("acme/p#1", task="a")] == ["a"]
    assert [(each.key, each.state, each.ended) for each in await reports.effects(run.id, "a")] == [
        (action.key, "doing", None)
    ]
    assert len(await reports.effects(run.id, "a", kind="attempt")) == 1
    assert await reports.effects(run.id, "a", kind="check") == []

    points = Checkpoints(database)
    spot = Spot(run_id=run.id, task="a", attempt=1, fence=0)
    assert await points.begin(spot, NOW) is not None
    assert await points.append(spot, Point(step="diff", at=NOW, blob="+\N{SNOWMAN}".encode()))
    assert [row.step for row in await reports.steps(run.id, "a")] == ["begun", "diff"]
    assert await points.text(run.id, "a", "diff") == "+\N{SNOWMAN}"
    assert await points.text(run.id, "b", "diff") == ""


async def test_what_is_counted_over_days(place: Place) -> None:
    database = place.database()
    await database.open()
    reports, ledger, inbox = Reports(database), Ledger(database), Inbox(database)
    for model, cost in (("m", Decimal("0.5")), ("m", None)):
        row = await ledger.begin(Call(plan_id="acme/p#1", purpose="attempt"), "p", model, Decimal(1), [], NOW)
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=10, output=1), cost, "list")
    (bill,) = await reports.bills(NOW - timedelta(days=1))
    assert (bill.day, bill.model, bill.calls, bill.usage.input, bill.cost, bill.unpriced) == (
        "2026-03-01", "p:m", 2, 20, Decimal("0.5"), 1,
    )  # fmt: skip
    assert (bill.repo, bill.held) == ("acme/p", Decimal(1))
    call = Call(plan_id="acme/p#1", purpose="attempt", task="a", repo="acme/API")
    await ledger.begin(call, "p", "m", Decimal(2), [], NOW)
    bills = await reports.bills(NOW - timedelta(days=1))
    assert [(each.repo, each.calls, each.unpriced, each.held) for each in bills] == [
        ("acme/p", 2, 1, Decimal(1)), ("acme/api", 1, 1, Decimal(2)),
    ]  # fmt: skip
    assert await reports.bills(NOW) == []
    repair = Repair(n=1, strategy="retry", cls="runner", sha="a", attempt=1, about=(), checks=(), came="worked")
    await database.write(lambda c: keep(c, "acme/p#1", "r", [("a", "acme/api", repair)], NOW))
    (counted,) = await reports.repairs(NOW - timedelta(days=1))
    assert (counted.cls, counted.outcome, counted.count) == ("runner", "worked", 1)
    assert [each.task for each in await reports.newest_repairs()] == ["a"]
    assert await reports.newest_repairs(skip=1) == []
    assert await reports.lessons() == []
    assert await reports.lesson_counts() == []
    assert await reports.lesson_repos() == []
    assert await reports.lessons(repos=()) == []
    lesson = proposed("Acme/API", 7, "Say why.")
    assert lesson is not None
    await Lessons(database).propose(lesson, NOW)
    ((at, found),) = await reports.lessons(repos=("acme/api",))
    assert (found, await reports.lesson_repos("proposed")) == (lesson, [("acme/api", at)])
    assert await reports.lessons(repos=("acme/p",)) == await reports.lessons(since=at) == []
    assert await reports.lesson_repos(before=(at, lesson.id)) == []
    for n in (1, 2):
        await inbox.put(Delivery(hook_id="1", guid=f"g{n}", event="push", received_at=NOW, body=b"{}"))
    first, second = await reports.deliveries()
    await inbox.settle(second.row, "failed", "why")
    assert [each.note for each in await reports.deliveries(outcome="failed", event="push")] == ["why"]
    assert [each.guid for each in await reports.deliveries(outcome="waiting")] == ["g2"]
    assert [each.guid for each in await reports.deliveries(before=first.row)] == ["g1"]
    assert [each.guid for each in await reports.deliveries(row=second.row)] == ["g1"]
    assert await reports.delivery_counts(NOW - timedelta(days=1)) == {"failed": 1, "waiting": 1}
