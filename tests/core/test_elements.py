"""elements: what is open behind tags that are missing, stray or nested in ways that HTML does not know."""

import time

import pytest

from services.core.elements import Elements


def _quotes(html: str) -> bool:
    elements = Elements()
    elements.read(html)
    return elements.quote


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote>", "<PRE\n>", "</s><code>", "<h2></h2><h3>", "<table></table><table><th>", "<table><td></blockquote><s></s>",
        "<blockquote><table></blockquote></table>", "<details><summary>", "<table><caption>",
        "<q><blockquote></q>", "<code><p></p>", "<blockquote><details></details>", "<dl><dt>x<dd>", "<s><s></s>",
    ],
)  # fmt: skip
def test_what_is_only_shown(html: str) -> None:
    assert _quotes(html)


@pytest.mark.parametrize(
    "html",
    [
        "", "<details><div><p><li>", "<!-- <s> -->", "<script><span>", "<h2></h3>", "<h1><h2></h2>", "<h1><p><h2></h2>", "</table></s><s></s>", "<p><q></p>",
        "<p><kbd><blockquote></blockquote>", "<table><s><blockquote></table>", "<div><ul><li></div>", "<q><kbd></q>",
        "<dl><dt>x<dd>y</dl>", "<blockquotes>", "<table><tr>", "<table><td></td>", "<td>", "<summary>",
    ],
)  # fmt: skip
def test_what_is_said(html: str) -> None:
    assert not _quotes(html)


def test_blocks_of_markdown_end_what_was_opened_in_them() -> None:
    elements = Elements()
    for tag, nesting in (("ul", 1), ("li", 1), ("p", 1)):
        elements.read_markdown(tag, nesting)
    elements.read_tag("<blockquote>", 0)
    assert elements.quote
    elements.read_markdown("p", -1)
    assert elements.quote
    elements.read_markdown("li", -1)
    assert not elements.quote


@pytest.mark.parametrize("piece", ["<q>", "<kbd></q>", "<table>", "<p><q>", "<s></s>", "<li></ul>", "</table>", "<!--"])
def test_no_tags_take_more_than_their_time(piece: str) -> None:
    """Three seconds would be a thousand times too long, whatever else this machine does."""
    began = time.process_time()
    _quotes(f"<kbd><p>{piece * (65_536 // len(piece))}")
    assert time.process_time() - began < 3
