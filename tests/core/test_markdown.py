"""markdown: what a reader of an issue sees, and what is hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.markdown import MAX_NESTING, blocks, scan, spans, without_code
from tests.core.drawn import DOCUMENTS


def seen(text: str) -> list[str]:
    document = scan(text)
    return [document.lines[item.first][item.column :] for item in document.items]


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] x",
        "* [ ] x",
        "   - [ ] x",
        "- a\n  - [ ] x",
        "> q\n\n- [ ] x",
        "-\n  [ ] x",
        "<b>\n\n- [ ] x",
        "1) a\n   + [ ] x",
        "text\n- [ ] x",
        "`a\n- [ ] x",
    ],
)
def test_entries_that_are_seen(text: str) -> None:
    assert seen(text) == ["[ ] x"]


@pytest.mark.parametrize(
    "text",
    [
        "```\n- [ ] x\n```",
        "~~~~\n~~~\n- [ ] x\n~~~~",
        "```\n- [ ] x",
        "    - [ ] x",
        "\t- [ ] x",
        "> - [ ] x",
        "> a\n> - [ ] x",
        "<!--\n- [ ] x\n-->",
        "<!-- - [ ] x",
        "<div>\n- [ ] x\n</div>",
        "<script>\n\n- [ ] x\n</script>",
        "- a\n\n      - [ ] x",
        "`- [ ] x`",
        "[ ] x",
        "- > [ ] x",
        "a\n    - [ ] x",
    ],
)
def test_entries_that_are_not(text: str) -> None:
    assert seen(text) == []


def test_closed_comments_are_blanked_and_places_stay() -> None:
    (item,) = scan("- [ ] a <!-- b\nc --> d `<!-- e -->`").items
    document = scan("- [ ] a <!-- b\nc --> d `<!-- e -->`")
    assert (item.first, item.column, item.paragraph_end) == (0, 2, 2)
    assert list(document.lines) == ["- [ ] a       ", "      d `<!-- e -->`"]
    assert list(scan("- a <!-- b").lines) == ["- a <!-- b"]
    assert list(scan("<!-- a\n\nb --> c").lines) == ["      ", "", "      c"]


def test_fences_on_their_own_are_found_with_their_place() -> None:
    text = "```\nx\n```\n  ~~~ YAML title\n  a:\n    - b\n  ~~~\n- ```yaml\n  no\n  ```\n> ```yaml\n> no\n"
    first, second = scan(text).fences
    assert (first.language, first.content, first.first, first.indent) == ("", "x\n", 1, 0)
    assert (second.language, second.content, second.first, second.indent) == ("yaml", "a:\n  - b\n", 4, 2)


def test_the_first_top_heading() -> None:
    assert scan("# One\n\n# Two").heading == "One"
    assert scan("Set\n===").heading == "Set"
    assert scan("> # Quoted\n\n## Part\n\n```\n# code\n```").heading == ""


def test_nesting_that_would_be_skipped_is_reported() -> None:
    lists = "".join(f"{'  ' * depth}- a\n" for depth in range(MAX_NESTING))
    assert scan(lists + "\n- [ ] x").too_deep == MAX_NESTING // 2 - 1
    assert scan(">" * MAX_NESTING + "a").too_deep == 0
    assert scan("".join(f"{'  ' * depth}- a\n" for depth in range(20))).too_deep is None


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("a `b` c", "a ... c"),
        ("``a ` b`` c", "......... c"),
        ("`a", "`a"),
        ("\\`a`", "\\`a`"),
        ("`a\\` b`", ".... b`"),
        ("`` ` ``", "......."),
        ("a ``b` c", "a ``b` c"),
        ("`<!--` -->", "...... -->"),
    ],
)
def test_code_spans(text: str, hidden: str) -> None:
    assert without_code(text) == hidden.replace(".", "\0")


@given(st.text("`\\<!-> a\n", max_size=40))
def test_spans_are_in_order_and_apart(text: str) -> None:
    end = 0
    for span in spans(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end
    assert len(without_code(text)) == len(text)


@pytest.mark.parametrize("text", [">- <?\n>", "> - <!--\n>", "- > - <![CDATA[\n  >"])
def test_what_made_the_reader_of_blocks_fall_over(text: str) -> None:
    assert len(scan(text).lines) == 2
    assert seen(f"- [ ] x\n\n{text}") == ["[ ] x"]


@given(
    st.lists(st.sampled_from([">", "> ", "- ", "1. ", " ", "\t", "\n", "<!--", "<?", "```", "[ ] x"]), max_size=9).map(
        "".join
    )
)
def test_blocks_in_blocks_are_read_whether_the_last_line_ends_or_not(text: str) -> None:
    bare, ended = scan(text), scan(f"{text}\n")
    assert [item.first for item in bare.items] == [item.first for item in ended.items]


@given(DOCUMENTS)
def test_every_place_lies_in_the_document(text: str) -> None:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    document = scan(text)
    assert [len(line) for line in document.lines] == [len(line) for line in text.split("\n")]
    for item in document.items:
        assert 0 <= item.start <= item.first < item.paragraph_end <= item.end <= len(document.lines)
        assert document.lines[item.first][item.column] == "["


@pytest.mark.parametrize("hostile", ["> # h\nfoo\n", "> <div>\nfoo\n", "> > <!--x-->\nfoo\n", "> # h\r    > foo\r"])
def test_quotes_that_would_be_read_again_and_again_are_not_read(hostile: str) -> None:
    """65,536 characters of them took markdown-it a minute and a half."""
    assert blocks(hostile * (65_536 // len(hostile)), MAX_NESTING) == ()
    assert len(blocks(f"{hostile}\n\n" * 2_000, MAX_NESTING)) > 2_000, "each by itself is a quote"
