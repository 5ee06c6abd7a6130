"""plan_text: what is invisible, how foreign text is quoted, what was probably meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.plan_text import (
    Lines,
    clean_block,
    clean_line,
    find_hidden,
    is_hidden,
    nearest,
    quote,
    show,
    without_hidden,
)

HIDDEN = "\x00\x07\x1b\x1f\x7f\x85\u00ad\u061c\u200b\u200c\u200d\u200e\u202a\u202e\u2028\u2060\u2066\ufeff\u3164\u034f"
TAGS = "\U000e0041\U000e0101\U000e007f"


@pytest.mark.parametrize("char", [*HIDDEN, *TAGS], ids=ascii)
def test_invisible_characters_are_found_and_left_out(char: str) -> None:
    assert is_hidden(char)
    assert find_hidden(f"ab{char}c") == 2
    assert without_hidden(f"ab{char}c") == "abc"
    assert char not in show(char)


@pytest.mark.parametrize(
    "text", ["plain", "tab\tand\nline", "Größe 尺寸", "a\u00a0b", "שלום", "👩‍💻", "👍🏽", "🏳️‍🌈", "—"]
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert find_hidden(text) == -1
    assert without_hidden(text) == text


def test_text_is_composed() -> None:
    assert clean_line("Gro\u0308\u00dfe") == "Größe"


def test_lines_and_blocks() -> None:
    assert clean_line(" a\tb\u2028c \x1f d\u200b ") == "a b c d"
    assert clean_block("\n\n  a  \r\n\tb\r\n\n") == "  a\n\tb"


def test_quotes_can_not_be_left() -> None:
    assert quote("a`b|c\nd\u202e") == "`a'b¦c\\nd\\u202e`"
    assert quote("x" * 100) == "`" + "x" * 59 + "…`"
    assert quote("\U000e0041") == "`\\U000e0041`"
    assert quote("a\u00a0b") == "`a\\u00a0b`"
    assert quote("") == "an empty text"


@given(st.text())
def test_any_quote_is_one_visible_code_span(text: str) -> None:
    quoted = quote(text)
    assert quoted.isprintable()
    assert find_hidden(quoted) == -1
    assert quoted.count("`") == (2 if text else 0)
    assert "\n" not in quoted


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_block(clean_block(text)) == clean_block(text)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("schema", "Schema"),
        ("shcema", "Schema"),
        ("аpi", "api"),
        ("acmee/api", None),
        ("zzz", None),
        ("x" * 10_000, None),
    ],
)
def test_what_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ["api", "Schema", "web"]) == meant


def test_places_of_an_index() -> None:
    lines = Lines("ab\n\nc")
    assert [lines.place(at) for at in range(5)] == [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
