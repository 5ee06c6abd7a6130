"""How lines end is merged apart from what they say."""

from hypothesis import given
from hypothesis import strategies as st

from services.core.newlines import Newlines, split

texts = st.lists(st.sampled_from(["a", "b", ""]), max_size=5).map("\n".join)


def test_lines_come_with_plain_ends() -> None:
    style, (base, ours, theirs) = split("a\r\nb\r\n", "a\r\nc\r\n", "a\r\nb\r\nd")
    assert (base, ours, theirs) == (("a\n", "b\n"), ("a\n", "c\n"), ("a\n", "b\n", "d\n"))
    assert style == Newlines(crlf=True, ended=False)
    assert style.joined(ours) == "a\r\nc"


def test_the_side_that_changed_the_ends_is_followed() -> None:
    assert split("a\n", "a\n", "a\r\n")[0].crlf is True
    assert split("a\n", "a\r\n", "a\n")[0].crlf is True
    assert split("a\r\n", "a\r\n", "a\n")[0].crlf is False
    assert split("a", "a\n", "a")[0].ended is True
    assert split("a\n", "a\n", "a")[0].ended is False


def test_a_file_both_added_ends_as_ours() -> None:
    assert split("", "a\r\n", "b\n")[0].crlf is True
    assert split("", "a\n", "b\r\n")[0].crlf is False


def test_a_mixture_is_kept_as_it_is() -> None:
    text = "a\r\nb\nc\n"
    style, (base, _, _) = split(text, text, text)
    assert base == ("a\r\n", "b\n", "c\n")
    assert style.joined(base) == text


@given(texts, st.booleans())
def test_what_nobody_changed_comes_back(text: str, crlf: bool) -> None:
    text = text.replace("\n", "\r\n") if crlf else text
    style, (base, _, _) = split(text, text, text)
    assert style.joined(base) == text
