"""similar: which words count what, who is like whom, which files get the votes, and that a search is bounded."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.core import similar
from services.core.similar import (
    ASKED,
    EMPTY,
    MOST_WORDS,
    Found,
    Match,
    Past,
    files,
    matches,
    query,
    rank,
    rarest,
    weights,
)


def past(order: int, *paths: str, title: str = "t") -> Past:
    return Past(repo="acme/api", title=title, paths=paths, order=order)


def search(tasks: Sequence[tuple[str, tuple[str, ...]]], title: str, body: str = "") -> list[int]:
    """The places, from 1 on, of those that are like a title, the likest first: as a store would find them."""
    kept = [weights(text, "", paths) for text, paths in tasks]
    counts: dict[str, int] = {}
    for words in kept:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    worth = rarest(query(title, body), counts, len(tasks))
    postings = [(word, order, words[word]) for order, words in enumerate(kept, 1) for word in worth if word in words]
    return [found.order for found in rank(postings, worth, len(tasks))]


TASKS = [
    ("Fix the websocket reader on a closed transport", ("aiohttp/http_websocket.py",)),
    ("Cookies: parse quoted values", ("aiohttp/cookiejar.py", "tests/test_cookiejar.py")),
    ("Document timeouts", ("docs/client.rst",)),
    ("Fix a typo in the docs of cookies", ("docs/client.rst",)),
]


def test_the_likest_comes_first_by_title_and_by_path() -> None:
    assert search(TASKS, "parsing of a cookie")[0] == 2
    assert search(TASKS, "WebSocket closes")[0] == 1
    assert search(TASKS, "the cookiejar forgets")[0] == 2, "only a path says that"
    assert search(TASKS, "quantum entanglement") == []


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    tasks = [*[("Fix the server", ("server.py",)) for _ in range(9)], ("The proxy", ("proxy.py",))]
    assert search(tasks, "fix the proxy")[0] == 10
    worth = rarest(["fix", "proxi"], {"fix": 9, "proxi": 1}, 10)
    assert worth["proxi"] > 3 * worth["fix"] > 0


def test_of_two_alike_the_newer_counts_more() -> None:
    tasks = [("Fix the cookie jar", ("old.py",)), ("Fix the cookie jar", ("new.py",))]
    assert search(tasks, "the cookie jar") == [2, 1]
    found = rank([("w", 1, 1.0), ("w", 1_001, 1.0)], {"w": 1.0}, 1_001)
    assert 1.5 < found[0].score / found[1].score < 2


def test_a_body_counts_less_than_a_title_and_a_repeated_word_not_much_more() -> None:
    assert weights("cookie", "", ())["cooki"] > 1.5 * weights("", "cookie", ())["cooki"]
    assert weights("cookie " * 50, "", ())["cooki"] < 2 * weights("cookie", "", ())["cooki"]


def test_only_the_rarest_words_are_looked_up() -> None:
    counts = {f"w{number}": number + 1 for number in range(40)}
    assert list(rarest(["unknown", *counts], counts, 100)) == [f"w{number}" for number in range(ASKED)]


def test_what_a_hostile_task_leaves_is_bounded() -> None:
    title, body = " ".join(f"t{number}" for number in range(999)), "b" * 99_999
    kept = weights(title, body, [f"p{number}" for number in range(999)])
    assert len(kept) == MOST_WORDS
    assert len(query(title, body, ["p"] * 999)) == MOST_WORDS


def test_what_is_gone_is_left_out() -> None:
    found = [Found(3, 4.0), Found(2, 2.0), Found(1, 1.0)]
    alike = matches(found, {3: past(3, "a.py"), 1: past(1, "b.py")})
    assert [(match.past.order, match.score) for match in alike] == [(3, 1.0), (1, 0.25)]
    assert matches([], {}) == []


def test_the_likest_have_the_most_to_say_about_files() -> None:
    alike = [
        Match(past=past(3, "a.py"), score=1.0),
        Match(past=past(2, "b.py", "c.py"), score=0.9),
        Match(past=past(1, "c.py"), score=0.8),
    ]
    assert files(alike) == ["c.py", "a.py", "b.py"]
    assert files(alike, 1) == ["c.py"]
    assert files([]) == []


POSTINGS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 40), st.floats(0.01, 3)),
    max_size=60,
    unique_by=lambda posting: posting[:2],
)


@given(POSTINGS, st.integers(1, 9))
def test_whatever_is_read_the_order_it_is_read_in_does_not_matter(
    postings: list[tuple[str, int, float]], most: int
) -> None:
    worth = {"a": 3.0, "b": 1.0, "c": 0.1}
    found = rank(sorted(postings), worth, 40, most)
    assert [each.order for each in found] == [each.order for each in rank(sorted(postings), worth, 40)][:most]
    assert {each.order for each in found} <= {posting[1] for posting in postings}
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
def test_a_task_is_found_by_its_own_words(title: str, body: str, paths: list[str]) -> None:
    kept = weights(title, body, paths)
    assert set(query(title, body, paths)) == set(kept) - EMPTY
    assert all(0 < weight < similar.SATURATION + 1 for weight in kept.values())


def test_two_orders_count_alike() -> None:
    found = [
        Match(past=Past(repo="a/b", title=title, paths=()), score=score) for title, score in (("a", 1.0), ("b", 0.5))
    ]
    assert similar.reordered(found, [0.9, 0.1]) == found
    assert [each.past.title for each in similar.reordered(found, [0.1, 0.9])] == ["a", "b"], "of two alike the first"
    three = [*found, Match(past=Past(repo="a/b", title="c", paths=()), score=0.25)]
    turned = similar.reordered(three, [0.2, 0.1, 0.9])
    assert [(each.past.title, each.score) for each in turned] == [("a", 1.0), ("c", 0.5), ("b", 0.25)]
    assert similar.reordered([], []) == []
