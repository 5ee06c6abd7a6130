"""What of a paragraph a reader does not see as its words: links and images with their targets, definitions of links,
HTML tags and their like, what stands between tags of a quote, of code and their like, and tables.

Commands are looked for line by line, and each of these can go over several lines: a line inside one is no command.
Only those that would hide a line are found, by CommonMark's rules; linear in the paragraph's length.
"""

import re
from collections.abc import Iterable, Iterator

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
_QUOTING = re.compile(
    r"<(/?)(?:blockquote|code|del|h[1-6]|kbd|ol|q|s|samp|strike|summary|table|tt|ul)(?=[\s/>])", re.IGNORECASE
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CELL = r"[ \t]*+:?-++:?[ \t]*+"
_DELIMITER = re.compile(rf"^ {{0,3}}\|?{_CELL}(?:\|{_CELL})*+\|?[ \t]*+$", re.MULTILINE)
_ENDS = {"<?": "?>", "<![CDATA[": "]]>", "<!": ">"}

Range = tuple[int, int]


def asides(text: str) -> Iterator[Range]:
    """Their places, in no order; some lie inside others. Code spans and comments are taken out of the text before."""
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
    yield from (*tags, *_quoted(text, tags), *_tables(text))


def quoting(html: str) -> int:
    """How many quotes more are open behind a block of HTML than before it."""
    return sum(-1 if tag[1] else 1 for tag in _QUOTING.finditer(_COMMENT.sub("", html)))


def _quoted(text: str, tags: Iterable[Range]) -> Iterator[Range]:
    opened: list[int] = []
    for start, end in tags:
        tag = _QUOTING.match(text, start)
        if tag and not tag[1]:
            opened.append(start)
        elif tag and opened:
            yield opened.pop(), end
    yield from ((start, len(text)) for start in opened)


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
