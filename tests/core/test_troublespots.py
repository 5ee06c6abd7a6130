"""Failures that come again, and whether they become more."""

from datetime import timedelta

from inline_snapshot import snapshot

from services.core.troublespots import Failed, listed, patterns
from tests.kit.plans import NOW

MONTH = timedelta(days=30)


def failed(days: float, signature: str = "lint: unused import", *, repo: str = "acme/api", model: str = "m") -> Failed:
    return Failed(NOW - timedelta(days=days), repo, "coder", model, signature.partition(":")[0], signature)


def test_what_failed_once_is_no_pattern_and_what_is_old_counts_no_more() -> None:
    assert patterns([failed(1), failed(40), failed(1, "build: x")], NOW, MONTH) == []


def test_they_are_told_apart_by_repository_and_model_the_most_frequent_first() -> None:
    found = patterns(
        [failed(1), failed(2), failed(3, model="n"), failed(4, model="n"), failed(5, model="n"), failed(6, repo="acme/web")],
        NOW, MONTH,
    )  # fmt: skip
    assert [(each.model, each.count, round(each.share, 2)) for each in found] == [("n", 3, 0.6), ("m", 2, 0.4)]


def test_a_trend_needs_enough_on_both_sides() -> None:
    assert [patterns([failed(day) for day in days], NOW, MONTH)[0].trend for days in (
        (1, 2), (1, 2, 3, 20), (1, 20, 21, 22), (1, 2, 20, 21),
    )] == ["", "more", "fewer", "the same"]  # fmt: skip


def test_people_read_a_sentence() -> None:
    found = patterns([failed(day, "lint: @octocat `x`") for day in (1, 2, 3, 20)], NOW, MONTH)
    assert listed(found) == snapshot(
        ["4 times `coder` with `m` failed of `lint`: \\@\u2060octocat \\`x\\` (100% of its failures, more of late)."]
    )
    fewer = patterns([failed(day) for day in (1, 20, 21, 22)], NOW, MONTH)
    assert listed(fewer) == snapshot(
        ["4 times `coder` with `m` failed of `lint`: unused import (100% of its failures, fewer of late)."]
    )
