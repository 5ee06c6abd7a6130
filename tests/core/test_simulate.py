"""simulate: whole lives of a plan through the real queue, the same ones for the same plan."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.core import graph
from services.core.lengths import Lengths, Sample
from services.core.places import Limits
from services.core.plan import Plan
from services.core.simulate import BESIDE, SHARE, Money, Range, simulate
from services.core.task_state import TaskState
from tests.core.drawn import plans
from tests.kit.plans import plan, task

DIAMOND = plan(task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"))


def places(total: int = 4, **more: int) -> Limits:
    even = Limits(total=total, installation=total, repo=total, agent=total, group=total)
    return msgspec.structs.replace(even, **more)


def sample(work: float = 60.0, whole: float = 100.0, *, repo: str = "acme/api", timeout: float = 1_800.0) -> Sample:
    return Sample(repo=repo, agent="script", timeout=timeout, work=work, whole=whole)


KNOWN = Lengths([sample()] * 3)


def test_one_length_leaves_nothing_to_chance() -> None:
    found = simulate(DIAMOND, {}, KNOWN, places())
    assert found.seconds == Range(low=300.0, middle=300.0, high=300.0), "three tasks one after the other"
    assert found.beside == Range(low=160.0, middle=160.0, high=160.0)
    assert (found.peak, found.at_once) == (2, 240.0 / 300.0)
    assert (found.tasks, found.lives, found.calls) == (4, 200, (36, 120))
    assert (found.basis.samples, found.basis.learned, found.basis.declared) == (3, 4, 0)


def test_the_lanes_hold_back() -> None:
    """A place is held while an attempt runs, and not while its pull request waits."""
    wide = plan(*(task(f"t{n}") for n in range(4)))
    assert simulate(wide, {}, KNOWN, places(4)).seconds.middle == 100.0
    assert simulate(wide, {}, KNOWN, places(2)).seconds.middle == 160.0
    assert simulate(wide, {}, KNOWN, places(4, repo=1)).seconds.middle == 280.0
    grouped = plan(*(task(f"t{n}", group="one") for n in range(4)))
    assert simulate(grouped, {}, KNOWN, places(4, group=1)).seconds.middle == 280.0


def test_a_group_is_waited_for_as_a_whole() -> None:
    slow = plan(task("a", group="g"), task("b", group="g", timeout=18_000), task("c", "a"))
    found = simulate(slow, {}, KNOWN, places())
    assert (found.seconds.middle, found.path) == (640.0 + 100.0, ("b", "c"))
    within = plan(task("a", group="g"), task("b", "a", group="g"))
    assert simulate(within, {}, KNOWN, places()).seconds.middle == 160.0, "b begins when a has its pull request"
    over = {"a": TaskState(id="a", state="done")}
    assert simulate(slow, over, KNOWN, places()).seconds.middle == 740.0, "and what is left of it counts"


def test_tasks_that_may_change_the_same_files_are_lived_one_after_the_other() -> None:
    wide = plan(*(task(f"t{n}", paths=("src/**",)) for n in range(4)), task("z"))
    assert simulate(wide, {}, KNOWN, places(9)).seconds.middle == 100.0, "where nobody wants them kept apart"
    apart = msgspec.structs.replace(wide, apart=("acme/api",))
    found = simulate(apart, {}, KNOWN, places(9))
    assert (found.seconds.middle, found.peak, len(found.path)) == (400.0, 2, 4)
    assert simulate(apart, {}, KNOWN, places(1)).seconds.middle == 420.0, "z has the place while one is in review"
    stacked = msgspec.structs.replace(apart, stacked=("acme/api",))
    assert simulate(stacked, {}, KNOWN, places(9)).seconds.middle == 4 * 60.0 + 40.0


def test_the_urgent_one_goes_first() -> None:
    """With one place, the chain that is longer behind `a` goes before the single task."""
    chain = plan(task("z"), task("a"), task("b", "a"))
    assert simulate(chain, {}, KNOWN, places(1)).seconds.middle == 220.0, (
        "a, then z while a's pull request waits, then b"
    )
    urgent = plan(task("z", priority=5.0), task("a"), task("b", "a"))
    assert simulate(urgent, {}, KNOWN, places(1)).seconds.middle == 260.0
    said = {"a": TaskState(id="a", priority=9.0)}
    assert simulate(urgent, said, KNOWN, places(1)).seconds.middle == 220.0, "what a person said since counts"


def test_without_history_the_whole_range_is_shown() -> None:
    """Tasks nobody knows anything of are drawn alike: a hundred of them are no more certain than one."""
    one = simulate(plan(task("a")), {}, Lengths(), places(100))
    many = simulate(plan(*(task(f"t{n}") for n in range(100))), {}, Lengths(), places(100))
    assert many.seconds.high / many.seconds.low > 2
    assert (one.seconds.high - one.seconds.low) / one.seconds.middle < 3 * (
        many.seconds.high - many.seconds.low
    ) / many.seconds.middle
    assert BESIDE[0] * 100 <= many.beside.low <= many.beside.high <= BESIDE[1] * 100
    assert (one.basis.samples, one.basis.learned, one.basis.declared) == (0, 0, 1)


def test_part_of_it_is_known() -> None:
    two = plan(task("a"), task("b", repo="else/where", agent="coder"))
    found = simulate(two, {}, Lengths([sample()] * 5), places())
    assert (found.basis.samples, found.basis.learned, found.basis.declared) == (5, 1, 1)


def test_the_likeliest_path_and_who_is_on_one() -> None:
    lengths = Lengths([sample(), sample(whole=500.0), sample(whole=900.0)])
    found = simulate(plan(task("a"), task("b")), {}, lengths, places())
    assert found.path in {("a",), ("b",)}
    assert 0.3 < found.path_share < 0.9
    assert sum(found.critical.values()) == 1.0
    assert simulate(DIAMOND, {}, KNOWN, places()).critical["a"] == 1.0


def test_what_is_done_is_left_out() -> None:
    states = {"a": TaskState(id="a", state="done"), "b": TaskState(id="b", state="skipped")}
    found = simulate(DIAMOND, states, KNOWN, places())
    assert (found.tasks, found.seconds.middle, found.path) == (2, 200.0, ("c", "d"))
    assert simulate(plan(task("a", done=True)), {}, KNOWN, places()).tasks == 0


def test_nothing_left_takes_no_time() -> None:
    found = simulate(plan(task("a", done=True)), {}, KNOWN, places())
    assert (found.seconds.high, found.path, found.calls, found.peak) == (0.0, (), (0, 0), 0)


def test_money_is_what_the_budgets_allow() -> None:
    tasks = [task("a"), task("b", agent="human"), task("c", agent="coder", budget="0.25"), task("d", agent="coder")]
    found = simulate(plan(*tasks, task("e", agent="cli", budget="5")), {}, KNOWN, places())
    assert found.money == Money(most=Decimal("5.25"), priced=2, unpriced=1)
    assert simulate(DIAMOND, {}, KNOWN, places()).money == Money()


@given(plans(), st.integers(1, 5))
def test_the_same_plan_gets_the_same_answer_within_its_bounds(drawn: Plan, workers: int) -> None:
    """Never shorter than the longest chain, never longer than one after the other."""
    found = simulate(drawn, {}, Lengths(), places(workers))
    assert found == simulate(drawn, {}, Lengths(), places(workers))
    open_ = [each for each in drawn.tasks if not each.done]
    rest = Plan(title="", tasks=tuple(open_))
    chain = graph.longest_remaining(rest, lambda each: each.timeout * SHARE[0] + BESIDE[0])
    assert found.tasks == len(open_)
    assert max(chain.values(), default=0.0) <= found.seconds.low + 1e-6
    assert found.seconds.high <= sum(each.timeout * SHARE[1] + BESIDE[1] for each in open_) + 1e-6
    assert found.peak <= workers
    assert set(found.path) <= {each.id for each in open_}
