"""complexity: the size with its reasons, and the bounds people set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.complexity import READ, Allowed, Bound, allowed, judge

TIERS = ("small", "medium", "large")


@pytest.mark.parametrize(
    ("title", "body", "paths", "size"),
    [
        ("Fix a typo in the readme", "", ("README.md",), "small"),
        ("Serve the currency", "Add a field.", ("api/**",), "medium"),
        ("Migrate the orders to the new schema", "x" * 7_000, ("**",), "large"),
    ],
)
def test_sizes(title: str, body: str, paths: tuple[str, ...], size: str) -> None:
    assert judge(title, body, paths).size == size


def test_each_reason_is_given() -> None:
    body = "Refactoring all of it.\n" + "```\na\n```\n" * 2 + "x" * 7_000
    found = judge("Rename the module", body, ("a", "b", "c", "**"))
    assert found.reasons == (
        "its text is very long",
        "its text is long",
        "it may change 4 places",
        "it may change everything",
        "it shows several pieces of code",
        "it speaks of “refactoring”",
        "its title speaks of “rename”",
    )
    assert judge("Serve the currency", "").reasons == ()


BOUNDS = (
    Bound(path="security/**", at_least="large"),
    Bound(label="trivial", at_most="small"),
    Bound(label="hard", at_least="medium"),
)


def test_without_a_bound_that_fits_every_tier_is_allowed() -> None:
    assert allowed(TIERS, BOUNDS, ["docs"], ["api/**"]) == Allowed(tiers=TIERS)


def test_a_path_asks_for_a_larger_one() -> None:
    found = allowed(TIERS, BOUNDS, [], ["security/keys.py", "docs/"])
    assert found == Allowed(tiers=("large",), reasons=("the path security/** asks for at least large",))
    assert allowed(TIERS, BOUNDS, [], ["**"]).tiers == ("large",), "it may change what lies there"


def test_a_label_asks_for_a_smaller_one_whatever_its_case() -> None:
    found = allowed(TIERS, BOUNDS, ["Trivial"])
    assert found == Allowed(tiers=("small",), reasons=("the label trivial allows at most small",))


def test_of_bounds_that_exclude_each_other_the_larger_counts() -> None:
    assert allowed(TIERS, BOUNDS, ["trivial", "hard"]).tiers == ("medium",)
    assert allowed(TIERS, BOUNDS, ["trivial"], ["security/**"]).tiers == ("large",)


def test_a_bound_of_a_tier_we_do_not_have_counts_for_nothing() -> None:
    assert allowed(("one",), BOUNDS, ["hard"], ["security/**"]) == Allowed(tiers=("one",))
    assert allowed((), BOUNDS, ["hard"]).tiers == ()


@given(st.text(max_size=50), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=6))
def test_any_text_has_a_size(title: str, body: str, paths: list[str]) -> None:
    found = judge(title, body, paths)
    assert 0 <= found.score <= 1
    assert found == judge(title, body, paths)


def test_a_huge_text_is_read_in_part() -> None:
    assert judge("a", "x" * READ + "refactor").reasons == judge("a", "x" * READ).reasons


@given(st.sets(st.sampled_from(["trivial", "hard"])), st.lists(st.sampled_from(["security/a", "docs/b", "**"])))
def test_something_is_always_left(labels: set[str], paths: list[str]) -> None:
    found = allowed(TIERS, BOUNDS, sorted(labels), paths)
    start = TIERS.index(found.tiers[0])
    assert found.tiers == TIERS[start : start + len(found.tiers)]
    assert bool(found.reasons) == (found.tiers != TIERS)
