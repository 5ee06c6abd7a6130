"""A failure's name: the same for what differs only in times, ids, paths and numbers, and different for what differs."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.signature import LENGTH, LINES, normal, signature


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/build/shop/cart.py:65:5: E303 too many blank lines (2)", "<path> e# too many blank lines (#)"),
        (r"C:\build\cart.cs(14,9): error CS0103: totl", "<path>(#): error cs#: totl"),
        ("Finished in 12.3s at 09:41:22, took 40 ms", "finished in # at #, took #"),
        ("commit 4f2a9c1 of 0f8fad5b-d9cd-469f-a165-70867728950e", "commit # of #"),
        ("facade decade", "facade decade"),
        ("GET https://example.org/a/b?c=1 gave 503", "get <path>=# gave #"),
        ("object at 0x7f3a2b1c", "object at #"),
        ("  spread   out\there  ", "spread out here"),
    ],
)
def test_normal(text: str, expected: str) -> None:
    assert normal(text) == expected


def test_is_the_class_and_the_first_different_lines() -> None:
    assert signature("lint", ["a.py: E1", "b.py: E1", "", "E501 too long", "more"]) == "lint: a.py: e# | b.py: e#"
    assert signature("lint", ["x 1", "x 2", "y"]) == "lint: x # | y"
    assert signature("unknown", []) == "unknown"


HEXES = st.text("0123456789abcdef", min_size=7, max_size=40).filter(lambda text: any(c.isdigit() for c in text))
NAMES = st.text(string.ascii_letters + "._-", min_size=1, max_size=12)


@given(*[st.integers(1, 10**9)] * 2, *[HEXES] * 2, *[st.lists(NAMES, min_size=2, max_size=5)] * 2)
def test_does_not_change_with_numbers_ids_and_paths(
    one: int, other: int, this: str, that: str, here: list[str], there: list[str]
) -> None:
    def line(number: int, sha: str, place: list[str]) -> str:
        path = "/".join(place)
        return f"/{path}: {number} of {number + 1} failed in {number}.5s at {sha} ({path}), see https://{path}"

    assert signature("build", [line(one, this, here)]) == signature("build", [line(other, that, there)])


@given(st.lists(st.text(max_size=400), max_size=5))
def test_is_bounded_and_one_line(texts: list[str]) -> None:
    found = signature("build", texts)
    assert len(found) <= len("build: ") + LINES * (LENGTH + 3)
    assert "\n" not in found
    assert normal(normal("".join(texts)[:100])) is not None
