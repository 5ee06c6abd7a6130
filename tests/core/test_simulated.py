"""simulated: each figure of a simulation in words, with what it goes by."""

from decimal import Decimal

import msgspec
from inline_snapshot import snapshot

from services.core.lengths import Lengths
from services.core.simulate import Basis, Money, simulate
from services.core.simulated import lengths_in_words, rows, said
from tests.core.test_simulate import DIAMOND, KNOWN, places
from tests.kit.plans import plan, task


def test_an_answer_with_history() -> None:
    assert said(simulate(DIAMOND, {}, KNOWN, places())) == snapshot("""\
4 open tasks, simulated 200 times with 4 workers: from the start to the last merge, if nothing fails and nobody holds anything back.

| What | Likely | Going by |
| --- | --- | --- |
| Finish | 5 min; half of the time within 5 min | 3 earlier tasks like them |
| Critical path | `a` → `b` → `d` | the longest chain in 100% of all simulations |
| At the same time | 0.8 attempts on average, 2 at most | the needs and the lanes |
| API calls | 36 to 120 | no record of earlier calls: 9 to 15 a task and up to 60 for the plan, as the benchmark `calls` measures without trouble |
| CI | 3 min at one runner for each pull request | how long the pull requests of 3 earlier tasks waited, reviews included |
| Money for models | $0.00 | no task uses a model; scripts cost nothing |\
""")


def test_an_answer_without() -> None:
    assert said(simulate(plan(task("a", agent="coder", budget="2")), {}, Lengths(), places(1))) == snapshot("""\
1 open task, simulated 200 times with 1 worker: from the start to the last merge, if nothing fails and nobody holds anything back.

| What | Likely | Going by |
| --- | --- | --- |
| Finish | 16 min to 55 min; half of the time within 38 min | no history: 5% to 100% of the timeout, then 2 to 40 min for checks and merge |
| Critical path | `a` | the longest chain in 100% of all simulations |
| At the same time | 0.4 attempts on average, 1 at most | the needs and the lanes |
| API calls | 9 to 75 | no record of earlier calls: 9 to 15 a task and up to 60 for the plan, as the benchmark `calls` measures without trouble |
| CI | 6 to 35 min at one runner for each pull request | no history: 2 to 40 min a task |
| Money for models | at most $2.00 | the budgets of 1 task |\
""")


def test_nothing_left() -> None:
    assert said(simulate(plan(task("a", done=True)), {}, KNOWN, places())) == snapshot(
        "Nothing is left to simulate: all tasks are done."
    )


def test_what_lengths_go_by() -> None:
    assert lengths_in_words(Basis(samples=14, learned=3)) == "14 earlier tasks like them"
    assert lengths_in_words(Basis(samples=14, learned=3, declared=2)) == snapshot(
        "14 earlier tasks like 3 of these; for 2 without history 5% to 100% of the timeout, then 2 to 40 min"
    )


def test_money_in_words() -> None:
    found = simulate(DIAMOND, {}, KNOWN, places())

    def told(money: Money) -> tuple[str, str]:
        return rows(msgspec.structs.replace(found, money=money))[-1][1:]

    assert told(Money(unpriced=1)) == snapshot(("unpriced", "1 task of a model's without `budget`, or done on GitHub"))
    assert told(Money(most=Decimal("1200.5"), priced=2, unpriced=3)) == snapshot(
        (
            "at most $1,200.50, and 3 tasks unpriced",
            "the budgets of 2 tasks; 3 tasks of a model's without `budget`, or done on GitHub",
        )
    )


def test_a_long_path_is_shortened() -> None:
    chain = plan(*(task(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(30)))
    path = rows(simulate(chain, {}, KNOWN, places()))[1][1]
    assert path == "t0 → t1 → t2 → t3 → t4 → t5 → … → t25 → t26 → t27 → t28 → t29"
