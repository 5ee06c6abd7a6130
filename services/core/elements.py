"""What HTML tags, and Markdown around them, have opened in a comment: is what follows shown as a quote, as code, as a
heading, a list or a table?

People leave such tags open, close them in the middle of a paragraph and write some too many. What is shown then is
what browsers make of it, so these are HTML's rules, as far as they matter here; linear in the number of tags.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import takewhile

_TAG = re.compile(
    r"<(/?)(blockquote|caption|code|dd|del|details|div|dl|dt|h[1-6]|kbd|li|ol|p|pre|q|s|samp|strike|summary|table|td|th"
    r"|tt|ul)(?=[\s/>])",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_STYLES = frozenset({"code", "s", "strike", "tt"})
"""They go on behind the end of the block they stand in, until their own end."""
_WORDS = frozenset({"del", "kbd", "q", "samp"})
"""They end with the block they stand in, and only there."""
_PLAIN = frozenset({"details", "div", "li", "p"})
"""What is in them is shown as what it is; so is what stands in a table, but in none of its cells."""
_CELLS = frozenset({"caption", "td", "th"})
_LISTS = frozenset({"ul", "ol"})
_BRIEF = frozenset({"dd", "dl", "dt", "h", "ol", "pre", "ul"})
"""Of these too an end has to stand below, where a sentence opens one."""
_NEAR = 8
"""So many words are looked through for the one that ends: nobody nests more."""


Mark = tuple[int, dict[str, int]]


def last_ends(text: str) -> dict[str, int]:
    """The 0-based line of the last end tag of each kind."""
    at, line, found = 0, 0, dict[str, int]()
    for tag in _TAG.finditer(text):
        line += text.count("\n", at, tag.start())
        at = tag.start()
        if tag[1]:
            found[_kind(tag[2])] = line
    return found


def _kind(tag: str) -> str:
    low = tag.lower()
    return "h" if low[0] == "h" else low


class _Scope:
    """What is open outside of tables, or in one. quotes: how many quotes and their like, with those around it. floor:
    so many blocks have been open all the time since the paragraph began.
    """

    def __init__(self, quotes: int) -> None:
        self.blocks: list[str] = []
        self.count: Counter[str] = Counter()
        self.quotes = quotes
        self.floor = 0

    def add(self, kind: str, more: int) -> None:
        self.count[kind] += more
        self.quotes += more if kind not in _PLAIN else 0


class Elements:
    """Those that are open where one has read to."""

    def __init__(self) -> None:
        self._scopes = [_Scope(0)]

    @property
    def quote(self) -> bool:
        """Is text here only shown?"""
        return self._scopes[-1].quotes > 0

    def read(self, html: str) -> None:
        """All tags of a block of HTML."""
        for tag in _TAG.finditer(_COMMENT.sub("", html)):
            self._see(tag[2], ends=bool(tag[1]))

    def read_tag(self, text: str, at: int) -> None:
        """The one that begins there."""
        if tag := _TAG.match(text, at):
            self._see(tag[2], ends=bool(tag[1]))

    def mark(self) -> Mark:
        """What is open before a paragraph, for `forget`."""
        scope = self._scopes[-1]
        scope.floor = len(scope.blocks)
        return len(self._scopes), {style: scope.count[style] for style in _STYLES}

    def forget(self, mark: Mark, ended: Collection[str]) -> None:
        """At the end of a paragraph, of what was opened in it only quotes and what is `ended` below go on: people write
        `List<S>` and `the <ul> here`, and mean no more by it.
        """
        scope, (depth, styles) = self._scopes[-1], mark
        if len(self._scopes) != depth:
            return
        opened = scope.blocks[scope.floor :]
        del scope.blocks[scope.floor :]
        for kind in opened:
            if kind in ended or kind not in _BRIEF:
                scope.blocks.append(kind)
            else:
                scope.add(kind, -1)
        for style, before in styles.items():
            if style not in ended and scope.count[style] > before:
                scope.add(style, before - scope.count[style])

    def read_markdown(self, tag: str, nesting: int) -> None:
        """A block of Markdown that begins (1) or ends (-1). Lists are none: whoever reads one knows that."""
        if nesting and tag not in _LISTS:
            self._see(tag, ends=nesting < 0)

    def _see(self, tag: str, *, ends: bool) -> None:
        (self._end if ends else self._open)(_kind(tag))

    def _open(self, kind: str) -> None:
        """A block within a paragraph ends it; a table is a world of its own, which only its own end leaves."""
        if kind not in _STYLES | _WORDS:
            self._end("p")
        scope = self._scopes[-1]
        if kind == "h" and scope.blocks[-1:] == ["h"]:
            self._end("h")
        if kind == "table":
            self._scopes.append(_Scope(scope.quotes))
        elif (kind not in _CELLS or len(self._scopes) > 1) and (kind != "summary" or scope.count["details"]):
            scope.add(kind, 1)
            if kind not in _STYLES:
                scope.blocks.append(kind)

    def _end(self, kind: str) -> None:
        """With it ends what was opened inside; nothing does where none of its kind is open."""
        scope = self._scopes[-1]
        if kind == "table":
            del self._scopes[max(len(self._scopes) - 1, 1) :]
        elif kind in _STYLES and scope.count[kind]:
            scope.add(kind, -1)
        elif scope.count[kind] and (kind not in _WORDS or kind in _words_near(scope)):
            last = ""
            while last != kind:
                last = scope.blocks.pop()
                scope.add(last, -1)
            scope.floor = min(scope.floor, len(scope.blocks))


def _words_near(scope: _Scope) -> Iterator[str]:
    return takewhile(_WORDS.__contains__, scope.blocks[: -_NEAR - 1 : -1])
