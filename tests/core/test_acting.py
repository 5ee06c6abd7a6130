"""The needs of a plan as they act: a group is waited for as a whole, and within one only a pull request is."""

from hypothesis import given

from services.core import graph
from services.core.acting import acting, only, spread
from services.core.forecast import forecast
from services.core.lengths import Lengths, Sample
from services.core.places import Limits
from services.core.plan import Plan
from services.core.simulate import simulate
from tests.core.drawn import INSTALLED, plans
from tests.kit.plans import NOW, plan, task

RELEASE = plan(
    task("api", group="release"), task("web", "api", group="release"), task("docs", "web"), task("alone", "docs")
)
KNOWN = Lengths(
    Sample(repo=repo, agent=agent, timeout=1_800.0, work=600.0, whole=1_000.0)
    for repo in INSTALLED
    for agent in ("script", "coder")
    for _ in range(3)
)


def test_what_needs_one_of_a_group_waits_for_all_of_it() -> None:
    needs = acting(RELEASE, RELEASE.by_id)
    assert needs["docs"] == (" release",)
    assert needs[" release"] == ("api rest", "web rest")
    assert (needs["alone"], needs["web"]) == (("docs rest",), ("api",)), "and within it only for the work"
    lengths = spread(RELEASE, dict.fromkeys(RELEASE.by_id, (600.0, 1_000.0)))
    chain = graph.longest_chain(needs, lengths)
    assert (only(RELEASE.by_id, chain), sum(lengths[node] for node in chain)) == (
        ("api", "web", "docs", "alone"),
        600.0 + 1_000.0 + 1_000.0 + 1_000.0,
    )


def test_what_is_left_of_a_group_is_waited_for_though_the_need_itself_is_over() -> None:
    needs = acting(plan(task("a", group="g"), task("b", group="g"), task("c", "a")), {"b", "c"})
    assert graph.all_dependants(needs, "b") == {"b rest", " g", "c", "c rest"}


def test_without_groups_the_needs_act_as_they_stand() -> None:
    diamond = plan(task("a"), task("b", "a"), task("c", "a", group="alone"))
    assert acting(diamond, {"b", "c"}) == {"b": ("a",), "c": ("a",)}
    assert spread(diamond, {"b": (1.0, 3.0)}) == {"b": 3.0}


@given(plans())
def test_the_chain_that_is_forecast_is_as_long_as_a_life_with_places_for_all(drawn: Plan) -> None:
    room = Limits(total=99, installation=99, repo=99, agent=99, group=99)
    lived, ahead = simulate(drawn, {}, KNOWN, room), forecast(drawn, {}, KNOWN.guess, 99, NOW)
    assert abs(lived.seconds.high - ahead.chain) < 1e-6 * max(ahead.chain, 1.0)
