"""One row in each table that a plan of three tasks leaves empty, each written by the store's own class."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.core.chosen import Chosen
from services.core.clock import to_text
from services.core.cost import Usage
from services.core.delegation import Delegation
from services.core.gaps import Blind
from services.core.lessons import Lesson
from services.core.log_lines import Line, Log
from services.core.records import Given
from services.core.repairs import Repair
from services.core.task_state import Override
from services.store import recoveries, requests
from services.store.access import Access, Session, SigningIn, Token
from services.store.attempts import Attempts
from services.store.dashboards import Dashboards
from services.store.db import Database
from services.store.delegations import Delegations
from services.store.drafts import Drafts
from services.store.gaps import Gaps
from services.store.gates import Gates
from services.store.job_logs import JobLogs
from services.store.ledger import Call, Ledger
from services.store.lessons import Lessons
from services.store.plans import Plans
from services.store.resolutions import Resolutions, Source
from services.store.results import Attempted, Results
from services.store.retention import CLEARED
from services.store.runs import Runs
from services.store.trials import Trials

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = AT + timedelta(days=3650)
REPO, SHA = "acme/api", "c" * 40


async def furnish(database: Database, plan_id: str, run_id: str) -> None:
    """Besides the run of this plan; nothing of it is under way."""
    await _asked(database, plan_id)
    await _learned(database, plan_id, run_id)
    await _waited(database, run_id)
    await _let_in(database)


async def _asked(database: Database, plan_id: str) -> None:
    plan = await Plans(database).get(plan_id)
    assert plan is not None
    given = Delegation(login="ben", by="ana", verbs=("retry",))
    assert await Delegations(database).give(plan_id, plan.hash, given, AT)
    await Plans(database).relate(plan_id, ["issue:acme/api#8"])
    await Drafts(database).ask("acme/web", 9, "ana", to_text(AT))
    await Drafts(database).void("acme/web#9")
    asked = requests.Request(
        id="1f0c", at=to_text(AT), login="ana", via="page", repo=REPO, number=1, command="status", state="done"
    )  # fmt: skip
    await database.write(lambda c: requests.put(c, asked))


async def _learned(database: Database, plan_id: str, run_id: str) -> None:
    ledger, lessons, attempts = Ledger(database), Lessons(database), Attempts(database)
    call = Call(plan_id=plan_id, purpose="attempt", run_id=run_id, task="schema", attempt=1, repo=REPO)
    row = await ledger.begin(call, "openai", "gpt-4o", Decimal(1), (), AT)
    assert isinstance(row, int)
    await ledger.end(row, Usage(input=10, cache_read=4, cache_write=2, output=3), Decimal("0.0125"), "settings")
    await ledger.told(call, Decimal("0.01"))
    await attempts.choose(run_id, "schema", 1, Chosen(tier="small", model="openai:gpt-4o", why="It is small."))
    await attempts.give(run_id, "schema", 1, Given(prompt="coder", asked="d" * 16))
    assert await lessons.propose(Lesson(id="l1", repo=REPO, text="Write tests first.", source="acme/api#3"), AT)
    await lessons.used({"l1": True}, (run_id, "schema", 1), AT)
    repair = Repair(
        n=1, strategy="retry", cls="runner", sha=SHA, attempt=1, about=("9",), checks=("test",), came="worked"
    )  # fmt: skip
    await database.write(lambda c: recoveries.keep(c, plan_id, run_id, [("schema", REPO, repair)], AT))
    source = Source(repo=REPO, run_id=run_id, task="schema", attempt=1)
    await Resolutions(database).keep(source, SHA, {"e" * 16: ("one", "two")}, AT)
    await JobLogs(database).keep(REPO, "77", Log(lines=(Line(number=1, text="lost"),), count=1), AT)


async def _waited(database: Database, run_id: str) -> None:
    gates, run = Gates(database), await Runs(database).load(run_id)
    assert run is not None
    await gates.waits(REPO, 12, ["pull:acme/schema#11"])
    await gates.lift(
        REPO, 12, Override(kind="need", name="acme/schema#11", sha=SHA, actor="ana", why="It is urgent."), AT
    )
    await Trials(database).ask(REPO, 12, "ana", AT)
    await Dashboards(database).wanted("acme", REPO, AT)
    await Gaps(database).note(AT, [Blind(began=AT, ended=AT + timedelta(minutes=9), missed=3, recovered=2)])
    state = run.tasks["api"]
    which = Attempted(key=f"{run_id}/api/{state.attempt}/attempt", run_id=run_id, task="api", fence=state.fence)
    assert await Results(database).claim(which, "worker-1") == "ours"
    await database.write(lambda c: c.execute(CLEARED, (run_id, "logs", to_text(AT))).rowcount)


async def _let_in(database: Database) -> None:
    access = Access(database)
    await access.begin("state", SigningIn(browser="b", verifier="v", next="/", until=LATER), AT)
    await access.open("secret", Session(login="ana", made=AT, until=LATER))
    await access.add("token", Token(name="ci", login="ana", scopes=("read",), made=AT, until=LATER))
