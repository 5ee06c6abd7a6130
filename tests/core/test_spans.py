"""Reading our own Markdown back: what people see on a page is what stood there before it was made harmless for GitHub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.spans import Span, code_spans, spans
from services.core.text import code, plain, visible


def words(sentence: str) -> str:
    return "".join(span.text for span in spans(sentence))


def test_code_and_words_are_told_apart() -> None:
    assert spans("waits for `schema`, `rates` to merge") == (
        Span(text="waits for "),
        Span(text="schema", code=True),
        Span(text=", "),
        Span(text="rates", code=True),
        Span(text=" to merge"),
    )


@pytest.mark.parametrize(
    "foreign",
    [
        "<script>alert(1)</script>",
        "a_b*c [x](javascript:alert(1)) `code` | cell",
        "fixes #1 for @octocat, see https://evil.example",
        "back\\slash \\* and \\\\",
    ],
)
def test_foreign_words_come_back_as_they_were(foreign: str) -> None:
    assert words(plain(foreign)) == foreign
    assert words(f"exit code 1: {plain(foreign)}") == f"exit code 1: {foreign}"


def test_what_is_no_markdown_of_ours_stays() -> None:
    assert words("GitHub answered 422: a lone ` and a cut \\") == "GitHub answered 422: a lone ` and a cut \\"
    assert spans("") == ()


def test_a_title_knows_only_code() -> None:
    assert code_spans("Add `a_b` \\* to `") == (
        Span(text="Add "),
        Span(text="a_b", code=True),
        Span(text=" \\* to `"),
    )
    assert code_spans("") == ()


@given(st.text(max_size=300))
def test_plain_is_undone(text: str) -> None:
    assert words(plain(text)) == visible(text)


@given(st.text(max_size=90))
def test_a_code_span_is_one_span(text: str) -> None:
    inner = code(text).strip("`").strip()
    assert spans(code(text)) == ((Span(text=inner, code=True),) if inner else ())


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert "\u2060" not in words(text) or "`" in text
