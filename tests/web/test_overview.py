"""What stands first on the first page, and what is left out when there is too much."""

from collections import Counter
from datetime import timedelta

import msgspec

from bot.web.overview import ASKS, ASKS_OF_ONE, Overview, overview
from bot.web.views import NAMED, Places
from services.core.board import Run
from services.core.clock import to_text
from services.core.plan import Parsed, Plan
from services.store.plans import PlanRow
from services.store.reports import PlanLine
from tests.kit.plans import NOW, plan, run, task
from tests.web.stage import now_at

Pair = tuple[PlanRow, Run | None]


def row(number: int, whole: Plan) -> PlanRow:
    return PlanRow(
        id=f"acme/platform#{number}", repo="acme/platform", number=number, title=f"Plan {number}",
        hash=whole.hash, parsed=Parsed(plan=whole), author="ana", issue_id="1", changed_at=NOW.isoformat(),
    )  # fmt: skip


def running(number: int, whole: Plan, failed: list[str], state: str = "running", why: str = "{} broke") -> Pair:
    begun = run(*whole.tasks)
    tasks = dict(begun.tasks) | {task_id: now_at(task_id, "failed", why.format(task_id)) for task_id in failed}
    over = NOW + timedelta(minutes=number) if state == "done" else None
    return row(number, whole), msgspec.structs.replace(begun, tasks=tasks, state=state, finished_at=over)


def shown(*plans: Pair) -> Overview:
    return overview(plans, Places("https://github.example"), NOW + timedelta(hours=1))


def chain(length: int) -> Plan:
    side = [task(f"side{n}") for n in range(length)]
    return plan(task("c0"), *(task(f"c{n}", f"c{n - 1}") for n in range(1, length)), *side)


def test_the_most_urgent_stands_first() -> None:
    """The critical path before the rest, what holds up more before less, and plans that have not begun last."""
    page = shown((row(1, chain(2)), None), running(2, chain(4), ["side1", "c2"]), running(3, chain(6), ["side2", "c1"]))
    assert [(need.card.title, need.ask.task, need.ask.holds_up) for need in page.needs] == [
        ("Plan 3", "c1", 4),
        ("Plan 2", "c2", 1),
        ("Plan 2", "side1", 0),
        ("Plan 3", "side2", 0),
        ("Plan 1", "", 4),
    ]
    assert page.needs_count == 5
    assert page.waiting == ()


def test_one_plan_does_not_hide_the_others() -> None:
    wide = plan(*(task(f"t{n}") for n in range(50)))
    page = shown(running(1, wide, [f"t{n}" for n in range(50)]), running(2, chain(2), ["c0"]))
    assert page.needs_count == 51
    assert len(page.needs) == ASKS_OF_ONE + 1
    assert {need.card.title for need in page.needs} == {"Plan 1", "Plan 2"}


def test_what_stands_still_for_the_same_reason_is_one_ask() -> None:
    wide = plan(*(task(f"t{n}") for n in range(30)), task("last", "t1", "t2"))
    page = shown(running(1, wide, [f"t{n}" for n in range(30)], why="conflicts"))
    (need,) = page.needs
    assert (need.ask.task, len(need.ask.others), need.ask.more) == ("t1", NAMED - 1, 30 - NAMED)
    assert need.ask.command == f"/lockstep retry {need.ask.task} {' '.join(other.text for other in need.ask.others)}"
    assert need.ask.holds_up == 1
    assert (page.needs_count, page.needs_more) == (30, 0)


def test_what_a_person_does_is_not_tried_again() -> None:
    whole = plan(task("theirs", agent="human"), task("ours"))
    begun = run(*whole.tasks)
    tasks = {name: now_at(name, "needs_human", f"{name} waits") for name in begun.tasks}
    page = shown((row(1, whole), msgspec.structs.replace(begun, tasks=tasks)))
    assert {need.ask.task: need.ask.command for need in page.needs} == {"theirs": "", "ours": "/lockstep retry ours"}


def test_what_finds_no_place_among_the_asks_is_listed_below() -> None:
    page = shown(*[(row(n, chain(1)), None) for n in range(1, ASKS + 4)])
    assert len(page.needs) == ASKS
    assert len(page.waiting) == 3
    assert not {need.card.url for need in page.needs} & {card.url for card in page.waiting}


def test_a_running_plan_shows_what_moves() -> None:
    whole = chain(40)
    begun, moving = run(*whole.tasks), {"c1": "running", **{f"side{n}": "in_review" for n in range(9)}}
    tasks = dict(begun.tasks) | {name: now_at(name, state, "waits for check `test`") for name, state in moving.items()}
    page = shown((row(1, whole), msgspec.structs.replace(begun, tasks=tasks)))
    (large,) = page.running
    assert [line.id for line in large.lines] == ["c1", "side0", "side1", "side2"]
    assert large.hidden == 6
    assert [(wait.count, "".join(span.text for span in wait.what)) for wait in page.waits] == [
        (9, "waits for check test")
    ]
    assert [(fact.name, fact.text) for fact in page.figures] == [
        ("Needs a person", "0"), ("Plans that run", "1"), ("Running", "1"), ("In review", "9"), ("Not begun", "70"),
        ("Done", "0"),
    ]  # fmt: skip


def test_what_is_over_is_one_line() -> None:
    line = PlanLine(
        id="acme/platform#4", repo="acme/platform", number=4, title="Over", readable=True, approved=True, state="cancelled",
        at=to_text(NOW), finished_at=to_text(NOW), run_id="r", counts=Counter(done=3, skipped=1, cancelled=2),
    )  # fmt: skip
    (over,) = overview([], Places("https://github.example"), NOW + timedelta(hours=1), over=[line]).finished
    assert (over.title, over.url, over.word, over.done, over.skipped, over.total) == (
        "Over",
        "/plans/acme/platform/4",
        "cancelled",
        3,
        ", 1 skipped",
        6,
    )
    assert over.since is not None
    assert over.since.text == "1 h 00 ago · 12:00"
