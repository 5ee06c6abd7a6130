"""How a pattern reads a line: literal text, `*`, `#`, `^`, whole words; and that none can take long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.failure_patterns import KnownFailure, Matcher, Pattern, fold, own_patterns, words_of


def has(text: str, line: str) -> bool:
    low = line.lower()
    return bool(Matcher([Pattern("lint", 5, text)]).find(low, words_of(low)))


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("cannot find symbol", "[ERROR] Cart.java: Cannot find SYMBOL totl", True),
        ("cannot find symbol", "cannot find the symbol", False),
        ("compile failed", "recompile failed", False),
        ("compile failed", "compile failedly", False),
        ("*compile failed*", "recompile failedly", True),
        ("execution failed for task*test'", "Execution failed for task ':unitTest'.", True),
        ("a*b*c", "a c b", False),
        ("a*b*c", "a, b, b, c", True),
        ("# failed", "12 failed", True),
        ("# failed", "0 failed", False),
        ("# failed", "10 failed", True),
        ("exit code 137", "exit code 137", True),
        ("exit code 137", "exit code 1", False),
        ("^fail: test", "  FAIL: test_x", True),
        ("^fail: test", "a FAIL: test_x", False),
        (".py:#:#: e# ", "./cart.py:65:5: E303 too many", True),
        ("symbol", "symbolic symbols, and a symbol", True),
        ("##[error]it broke", "##[error]It broke", True),
    ],
)
def test_reads(text: str, line: str, expected: bool) -> None:
    assert has(text, line) == expected


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("cannot find symbol", "cannot"),
        ("failed to execute goal*checkstyle", "execute"),
        ("*mpile failed", "failed"),
        ("*mpile*", ""),
        ("# failed in *s", "failed"),
    ],
)
def test_a_pattern_is_filed_under_a_whole_word(text: str, key: str) -> None:
    assert Pattern("lint", 5, text).key() == key


def test_a_number_is_a_sign_but_nothing_is_nothing() -> None:
    assert fold("12 of 0 in 0.50s, e007 00") == "# of 0 in 0.#s, e# 0"


WORDS = st.sampled_from(["alpha", "beta", "alphabeta", "1", "0", "77", " ", ": ", "é", "-"])


def reference(pattern: str, line: str) -> bool:
    """What a pattern of whole words and one `*` means, the slow way."""
    first, _, second = pattern.partition("*")
    for at in range(len(line) + 1):
        if line.startswith(first, at) and not (at and line[at - 1].isascii() and line[at - 1].isalpha()):
            rest = line[at + len(first) :]
            ends = [rest[i + len(second) :] for i in range(len(rest) + 1) if rest.startswith(second, i)]
            if any(not (end[:1].isascii() and end[:1].isalpha()) for end in ends):
                return True
    return False


@given(st.lists(WORDS, max_size=12).map("".join))
def test_means_what_the_slow_way_means(line: str) -> None:
    assert has("alpha*beta", line) == reference("alpha*beta", line)


@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_is_a_pattern_and_any_text_a_line(text: str, line: str) -> None:
    assert has(text, line) in {True, False}


def test_a_repositorys_own_come_first() -> None:
    (own,) = own_patterns([KnownFailure(text="quota of the cluster", cls="runner")])
    assert (own.cls, own.tool) == ("runner", "own")
    assert own.weight > 20
