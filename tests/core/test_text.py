"""Foreign text in our Markdown: what GitHub would render or act on must be dead, and people must still be able to read it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.plan_text import find_hidden
from services.core.text import code, digest_of, plain, title, visible

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "Thanks @octocat and @acme/everyone, fixes #1 and closes acme/api#2",
    "[click](javascript:alert(1)) `code` **bold** | table | <!-- hidden",
    "see https://evil.example/x and www.evil.example",
    "![](https://e/?q=1)\n# heading\n- item",
    "a\u202eb\u200bc",
    "like GH-4, fixes gh-5, _GH-6",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_leaves_nothing_alive(text: str) -> None:
    said = plain(text)
    assert "\n" not in said
    assert not re.search(r"(?<!\\)[<>|`\[\]]", said)
    assert not re.search(r"[@#]\w", said)
    assert not re.search(r"(?i)(?<![A-Za-z0-9])(fixes|closes|https|gh-\d)\b", said)
    assert "\u202e" not in said
    assert "\u200b" not in said


def test_a_code_span_cannot_be_left() -> None:
    assert code("a`b|c\nd") == "`a'b¦c d`"
    assert code("\u200b") == "` `"


def test_titles_keep_their_words_but_call_nobody() -> None:
    assert title("Add `x` to @acme/api, fixes #3") == "Add `x` to @\u2060acme/api, f\u2060ixes #\u20603"
    assert title("As GH-3, not GHA-3") == "As G\u2060H-3, not GHA-3"


def test_long_text_is_cut_with_a_sign() -> None:
    assert visible("x" * 300, 10) == "x" * 9 + "…"


@given(st.text(max_size=600))
def test_one_visible_line_within_its_length(text: str) -> None:
    said = visible(text, 80)
    assert len(said) <= 80
    assert find_hidden(said) == -1
    assert "\n" not in said


@given(st.text(max_size=300))
def test_plain_never_leaves_live_markup(text: str) -> None:
    said = plain(text)
    assert not re.search(r"(?<!\\)(\\\\)*[<>|`\[\]*_@#](?<!\\.)", re.sub(r"\\.", "", said))
    assert len(said) <= 2 * 256 + 600


def test_a_digest_is_of_the_texts_and_where_each_ends() -> None:
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of("a", "bc") != digest_of("ab", "c") != digest_of("abc")
