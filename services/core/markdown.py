"""Reads the blocks of a Markdown document: which list entries and fenced blocks a reader of the issue really sees.

CommonMark is parsed by markdown-it, blocks only, so a task inside a fence, an indented code block, a quote, an HTML
block or a comment is not one here either. Closed HTML comments inside visible text are blanked out in place (same
length), because what nobody sees must not steer a plan; lines and columns stay those of the document.
"""

import functools
import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 60
"""Levels of lists and quotes; markdown-it would silently skip the rest of a document that is nested deeper."""

MOST_STEPS = 50_000
"""At the most half a second, in which nobody else is served; people's quotes take some dozens."""

_QUOTES = re.compile(r"[ \t>*+\-.)0-9]*>")
_MARKED = re.compile(r" {0,3}>")
_CONTAINERS = frozenset({"list_item_open", "blockquote_open"})
_INLINE = re.compile(r"\\.|`+|<!--", re.DOTALL)
_RUN = re.compile(r"`+")


class Span(NamedTuple):
    """A part of a text: `text[start:end]`."""

    kind: Literal["code", "comment"]
    start: int
    end: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A list entry that is not inside a quote.

    start, end: its 0-based lines.  first, column: 0-based place of its text.
    paragraph_end: 0-based line after its first paragraph.
    marker: `-`, `*`, `+`, `.` or `)`.
    """

    marker: str
    start: int
    first: int
    column: int
    paragraph_end: int
    end: int


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """A fenced block that stands on its own, not inside a list or a quote. first: 0-based line of its content."""

    language: str
    content: str
    first: int
    indent: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What the scan found. lines: without comments; too_deep: 0-based line where the nesting is too much, or None."""

    lines: Sequence[str]
    items: Sequence[Item] = ()
    fences: Sequence[Fence] = ()
    heading: str = ""
    too_deep: int | None = None


def blocks(text: str, nesting: int) -> Sequence["Token"]:
    """The blocks of any text, by CommonMark; none of one that would take long. The last line is ended: markdown-it
    looks behind the end of one that is not, in `> - <!--` above `>`, and falls over.
    """
    if _steps(text) > MOST_STEPS:
        return ()
    return _reader(nesting).parse(text if text.endswith("\n") else f"{text}\n")


def _steps(text: str) -> int:
    """How many lines markdown-it looks at again: at each quote that a line without its mark may go on, and each one
    inside, all lines up to the next blank one, whether they belong to it or not.
    """
    steps = left = 0
    goes_on = False
    for line in reversed(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) if ">" in text else ():
        if goes_on and (quotes := _QUOTES.match(line)):
            steps += left * quotes[0].count(">")
        left = left + 1 if line.strip(" \t") else 0
        goes_on = left > 0 and not _MARKED.match(line)
    return steps


@functools.cache
def _reader(nesting: int) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"maxNesting": nesting})
    reader.core.ruler.enableOnly(["block"])
    return reader.disable("reference")


def scan(text: str) -> Document:
    """Find the entries, fences and first top heading of a document whose lines end in `\\n`. Linear in its length."""
    tokens = blocks(text.replace("\x00", "\ufffd"), MAX_NESTING)
    lines = text.split("\n")
    for token in tokens:
        if token.map and (token.type == "inline" or token.type == "html_block"):
            _blank_comments(lines, token)
    deep = next((t for t in tokens if t.type in _CONTAINERS and t.level >= MAX_NESTING - 1), None)
    return Document(
        lines=lines,
        items=tuple(_items(tokens, lines)),
        fences=tuple(_fences(tokens, lines)),
        heading=_heading(tokens),
        too_deep=deep.map[0] if deep and deep.map else None,
    )


def spans(text: str) -> Iterator[Span]:
    """Code spans and closed HTML comments of one paragraph, in order, by CommonMark's rules. Linear."""
    runs: dict[int, list[int]] = {}
    for run in _RUN.finditer(text):
        runs.setdefault(run.end() - run.start(), []).append(run.start())
    at, comments = 0, True
    while found := _INLINE.search(text, at):
        start, at = found.span()
        if text[start] == "`":
            closers = runs.get(at - start, [])
            after = bisect_left(closers, at)
            if after < len(closers):
                at = closers[after] + at - start
                yield Span("code", start, at)
        elif text[start] == "<" and comments:
            close = text.find("-->", start + 2)
            comments = close >= 0
            if comments:
                at = close + 3
                yield Span("comment", start, at)


def without_code(text: str) -> str:
    """The text with every code span replaced by as many NUL characters, so that places stay the same."""
    return _blanked(text, [(span.start, span.end) for span in spans(text) if span.kind == "code"], "\0")


def _blanked(text: str, parts: Sequence[tuple[int, int]], blank: str = " ") -> str:
    pieces, done = [], 0
    for start, end in parts:
        part = text[start:end]
        pieces += [text[done:start], re.sub(r"[^\n]", blank, part) if "\n" in part else blank * len(part)]
        done = end
    return "".join([*pieces, text[done:]])


def _blank_comments(lines: list[str], token: "Token") -> None:
    first, last = token.map or (0, 0)
    region = "\n".join(lines[first:last])
    if "<!--" not in region:
        return
    if token.type == "inline":
        parts = [(span.start, span.end) for span in spans(region) if span.kind == "comment"]
    else:
        parts = [found.span() for found in re.finditer(r"<!--(?:.*?-->|.*)", region, re.DOTALL)]
    lines[first:last] = _blanked(region, parts).split("\n")


def _items(tokens: Sequence["Token"], lines: Sequence[str]) -> Iterator[Item]:
    quotes = 0
    for at, token in enumerate(tokens[:-2]):
        quotes += (token.type == "blockquote_open") - (token.type == "blockquote_close")
        if quotes or token.type != "list_item_open" or tokens[at + 1].type != "paragraph_open":
            continue
        inline = tokens[at + 2]
        if token.map and inline.map and inline.content.startswith("["):
            first = inline.map[0]
            yield Item(
                marker=token.markup,
                start=token.map[0],
                first=first,
                column=max(lines[first].find("["), 0),
                paragraph_end=inline.map[1],
                end=token.map[1],
            )


def _fences(tokens: Sequence["Token"], lines: Sequence[str]) -> Iterator[Fence]:
    for token in tokens:
        if token.type == "fence" and token.level == 0 and token.map:
            opening = lines[token.map[0]]
            words = token.info.split()
            yield Fence(
                language=words[0].lower() if words else "",
                content=token.content,
                first=token.map[0] + 1,
                indent=len(opening) - len(opening.lstrip(" ")),
            )


def _heading(tokens: Sequence["Token"]) -> str:
    for token, inside in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            parts = [(span.start, span.end) for span in spans(inside.content) if span.kind == "comment"]
            return _blanked(inside.content, parts)
    return ""
