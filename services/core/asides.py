"""What of a paragraph a reader does not see as its words: links and images with their targets, definitions of links,
HTML tags and their like, what stands between tags of a quote, of code and their like, and tables.

Commands are looked for line by line, and each of these can go over several lines: a line inside one is no command.
Only those that would hide a line are found, by CommonMark's rules; linear in the paragraph's length.
"""

import re
from collections.abc import Iterable, Iterator

from services.core.elements import Elements

_PARTS = re.compile(r"\\.|[\[\]<]", re.DOTALL)
_PLAIN = r"(?:\\\S|[^\s()])*+"
_TARGET = rf"\s*+(?:<[^<>\n]*+>|(?!<){_PLAIN}(?:\({_PLAIN}\){_PLAIN})*+)"
_TITLE = r"(?:\"(?:\\.|[^\"\\])*+\"|'(?:\\.|[^'\\])*+'|\((?:\\.|[^()\\])*+\))"
_TAIL = re.compile(rf"\({_TARGET}(?:\s++{_TITLE})?+\s*+\)", re.DOTALL)
_DEFINITION = re.compile(
    rf" {{0,3}}\[(?:\\.|[^\[\]\\])++\]:{_TARGET}(?:\s++{_TITLE}(?=[ \t]*(?:\n|\Z)))?[ \t]*(?:\n|\Z)", re.DOTALL
)
_TAG = re.compile(
    r"</[a-z][a-z0-9-]*+\s*+>"
    r"|<[a-z][a-z0-9-]*+(?:\s++[a-z_:][\w.:-]*+(?:\s*+=\s*+(?:[^\s\"'=<>`]++|'[^']*+'|\"[^\"]*+\"))?+)*+\s*+/?>",
    re.IGNORECASE,
)
_CELL = r"[ \t]*+:?-++:?[ \t]*+"
_DELIMITER = re.compile(rf"^ {{0,3}}\|?{_CELL}(?:\|{_CELL})*+\|?[ \t]*+$", re.MULTILINE)
_ENDS = {"<?": "?>", "<![CDATA[": "]]>", "<!": ">"}

Range = tuple[int, int]


def asides(text: str, elements: Elements | None = None) -> Iterator[Range]:
    """Their places, in no order; some lie inside others. Code spans and comments are taken out of the text before.
    elements: what is open before the paragraph, and after it.
    """
    at = 0
    while found := _DEFINITION.match(text, at):
        yield found.span()
        at = found.end()
    opened: list[int] = []
    tags: list[Range] = []
    unclosed: set[str] = set()
    while part := _PARTS.search(text, at):
        start, at = part.span()
        if part[0] == "[":
            opened.append(start)
        elif part[0] == "]" and opened:
            first = opened.pop()
            if tail := _TAIL.match(text, at):
                at = tail.end()
                yield first, at
        elif part[0] == "<" and (end := _tag_end(text, start, unclosed)):
            at = end
            tags.append((start, at))
    tables = list(_tables(text))
    end = tables[0][0] if tables else len(text)
    yield from (*tags, *_quoted(text, (tag for tag in tags if tag[0] < end), elements or Elements()), *tables)


def _quoted(text: str, tags: Iterable[Range], elements: Elements) -> Iterator[Range]:
    """Between tags of a quote and their like; those in a cell of a table do not reach out of it."""
    since = -1 if elements.quote else None
    for start, end in tags:
        elements.read_tag(text, start)
        if since is None and elements.quote:
            since = start
        elif since is not None and not elements.quote:
            yield since, end
            since = None
    if since is not None:
        yield since, len(text)


def _tables(text: str) -> Iterator[Range]:
    """GitHub's own kind; one takes all that follows in the paragraph."""
    for found in _DELIMITER.finditer(text, 1):
        begin = text.rfind("\n", 0, found.start() - 1) + 1
        if _cells(text[begin : found.start() - 1]) == _cells(found[0]):
            yield begin, len(text)
            return


def _cells(line: str) -> int:
    return re.sub(r"\\.", "", line).strip().removeprefix("|").removesuffix("|").count("|") + 1


def _tag_end(text: str, start: int, unclosed: set[str]) -> int:
    """Where the tag that begins here ends, 0 for none. unclosed: ends that there are no more of."""
    for begins, ends in _ENDS.items():
        if text.startswith(begins, start) and (begins != "<!" or text[start + 2 : start + 3].isalpha()):
            close = text.find(ends, start + len(begins)) if ends not in unclosed else -1
            if close < 0:
                unclosed.add(ends)
                return 0
            return close + len(ends)
    tag = _TAG.match(text, start)
    return tag.end() if tag else 0
