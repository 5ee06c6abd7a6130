"""A log of any size, read in pieces and kept within bounds: the head, the tail, and what shouts in between.

What failed stands near the end of a log, and what it ran on at its head; of the middle only lines near a word such as
`error` are looked at. Of a log of more than KEPT bytes the middle is dropped while it is read, so a gigabyte costs no
more memory than ten megabytes. Lines are numbered as editors do: each CR LF, CR or LF ends one.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

KEPT_HEAD = 1_000_000
KEPT_TAIL = 7_000_000
HEAD, TAIL = 24_000, 160_000
"""Bytes at the head and tail of which every line is looked at."""
HEAD_LINES, TAIL_LINES = 400, 3_000
"""And lines: a log may have next to nothing but line ends."""
WIDTH = 1_000
"""Characters of a line that are looked at."""
SHOUTS = (b"error", b"fail", b"exception", b"fatal", b"no space left")
MOST_FORWARD, MOST_BACKWARD = 15, 40
"""Lines that one of the SHOUTS brings in, counted from the head and from the tail."""
AFTER = 4
"""Lines that come with such a line."""
_REACH = 4_096
"""Bytes of one line that are looked at in search of its ends."""
_STAMP = re.compile(r"(?:[^\t\n]{1,200}\t[^\t\n]{0,200}\t)?\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z ?")
_LAYER = re.compile(r"#\d{1,4} \d{1,6}\.\d{1,3} ")
"""What BuildKit puts before what a step of a Dockerfile prints."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line that is looked at; `number` is that in the whole log."""

    number: int
    text: str


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """The lines that are looked at, in order, and how many the log has. cut: there are others."""

    lines: tuple[Line, ...] = ()
    count: int = 0
    cut: bool = False


class Gathering:
    """Takes a log in pieces; `log()` gives what is worth looking at."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0
        """Line ends in what was dropped."""
        self._lost = 0
        """Bytes that were dropped."""
        self._held = b""
        """A carriage return at the end of a piece: a line feed may follow."""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._began = False

    def feed(self, piece: bytes) -> None:
        """The next bytes of the log; keep them below a few megabytes."""
        piece = self._held + self._in_utf8(piece)
        self._held = b"\r" if piece.endswith(b"\r") else b""
        self._take(piece[: len(piece) - len(self._held)])

    def log(self) -> Log:
        """What has come so far; nothing can be fed afterwards."""
        self._take(self._held)
        tail = b"".join(self._tail)
        if not self._lost:
            return _whole(bytes(self._head) + tail)
        head = _whole(bytes(self._head))
        before = _ends(self._head, 0, len(self._head)) + self._dropped
        rest = tail.partition(b"\n" if b"\n" in tail else b"\r")[2]
        after = _whole(rest, before + _ends(tail, 0, len(tail) - len(rest)) + 1)
        return Log(lines=head.lines + after.lines, count=max(after.count, before + 1), cut=True)

    def _in_utf8(self, piece: bytes) -> bytes:
        """Logs of PowerShell are UTF-16; their byte order mark says so."""
        if not self._began and piece:
            self._began = True
            if piece[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
                self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        return self._decoder.decode(piece).encode("utf-8", "replace") if self._decoder else piece

    def _take(self, piece: bytes) -> None:
        room = KEPT_HEAD - len(self._head)
        if room > 0 and not self._tail:
            room += piece[room - 1 : room + 1] == b"\r\n"
            self._head += piece[:room]
            piece = piece[room:]
        if piece:
            self._tail.append(piece)
            self._tail_size += len(piece)
        while self._tail and self._tail_size - len(self._tail[0]) >= KEPT_TAIL:
            gone = self._tail.popleft()
            self._tail_size -= len(gone)
            self._lost += len(gone)
            self._dropped += _ends(gone, 0, len(gone))


def read_log(data: bytes) -> Log:
    """A log that is in memory already."""
    gathering = Gathering()
    for at in range(0, len(data), KEPT_HEAD):
        gathering.feed(data[at : at + KEPT_HEAD])
    return gathering.log()


def _whole(data: bytes, first: int = 1) -> Log:
    """Head and tail line by line; in between the lines near what shouts."""
    lines: list[Line] = []
    if len(data) <= HEAD + TAIL:
        raws = data.splitlines()
        to = HEAD_LINES if len(raws) > HEAD_LINES + TAIL_LINES else len(raws)
        _append(lines, first, raws[:to])
        rest = raws[max(to, len(raws) - TAIL_LINES) :]
        count = first + len(raws) - 1
        _append(lines, count - len(rest) + 1, rest)
        return Log(lines=tuple(lines), count=count, cut=to < len(raws))
    to, since = _end_of_line(data, HEAD), _end_of_line(data, len(data) - TAIL)
    head, tail = data[:to].splitlines(), data[since:].splitlines()
    _append(lines, first, head[:HEAD_LINES])
    number, at = first + _ends(data, 0, to), to
    for begin, end in _shouting(data, to, since):
        number += _ends(data, at, begin)
        at = begin
        _append(lines, number, [data[begin:end]])
    number += _ends(data, at, since)
    count = number + len(tail) - 1
    kept = tail[-TAIL_LINES:]
    _append(lines, count - len(kept) + 1, kept)
    return Log(lines=tuple(lines), count=count, cut=True)


def _append(lines: list[Line], first: int, raws: Sequence[bytes]) -> None:
    """Adds them, but of a very long line only its first part."""
    last = lines[-1].number if lines else 0
    lines += [Line(number, clean(raw)) for number, raw in enumerate(raws, first) if number > last]


def _shouting(data: bytes, since: int, until: int) -> Iterator[tuple[int, int]]:
    """Where the lines of the middle begin and end that hold one of the SHOUTS, each with those AFTER it."""
    low = data[since:until].lower()
    spans: dict[int, int] = {}
    for word in SHOUTS:
        at = first = low.find(word)
        for _ in range(MOST_FORWARD):
            if at < 0:
                break
            at = low.find(word, _add(low, at, spans))
        at = low.rfind(word) if at >= 0 else -1
        for _ in range(MOST_BACKWARD):
            if at <= first:
                break
            begin = _line_of(low, at)[0]
            _add(low, at, spans)
            at = low.rfind(word, first, begin)
    for begin, end in sorted(spans.items()):
        yield since + begin, since + end


def _add(low: bytes, at: int, spans: dict[int, int]) -> int:
    """Notes the line and those after it; gives the end of the line itself."""
    begin, end = _line_of(low, at)
    spans[begin] = end
    first_end, count = end, 0
    while count < AFTER and end < len(low):
        if low[end : end + 1] == b"\r":
            end += 1
        if low[end : end + 1] == b"\n":
            end += 1
        begin, end = end, _line_of(low, end)[1]
        spans[begin] = end
        count += 1
    return max(first_end, at + 1)


def _line_of(low: bytes, at: int) -> tuple[int, int]:
    """The line around a place, or of a very long one what is near it."""
    low_end = max(0, at - _REACH)
    begin = max(low.rfind(b"\n", low_end, at), low.rfind(b"\r", low_end, at)) + 1 or low_end
    feed, back = low.find(b"\n", at, at + _REACH), low.find(b"\r", at, at + _REACH)
    ends = [place for place in (feed, back) if place >= 0]
    return begin, min(ends) if ends else min(len(low), at + _REACH)


def _end_of_line(data: bytes, at: int) -> int:
    """The first place at or after `at` where a line begins, as far as one does soon."""
    found = data.find(b"\n", at, at + _REACH)
    if found < 0:
        found = data.find(b"\r", at, at + _REACH)
    return found + 1 if found >= 0 else at


def _ends(data: bytes | bytearray, since: int, until: int) -> int:
    """Line ends in between; CR LF is one."""
    feeds = data.count(b"\n", since, until)
    if data.find(b"\r", since, until) < 0:
        return feeds
    return feeds + data.count(b"\r", since, until) - data.count(b"\r\n", since, until)


def clean(raw: bytes) -> str:
    """A line without time stamp, colours and what can't be seen, at most WIDTH characters."""
    text = raw[: 4 * WIDTH].decode("utf-8", "replace")
    if not text.isascii() or not text.isprintable():
        if "\x1b" in text:
            text = _ESCAPE.sub("", text)
        text = _CONTROL.sub("", text)
    if text[4:5] == "-" or "\t" in text:
        text = _STAMP.sub("", text, count=1) if _STAMP.match(text) else text
    if text[:1] == "#" and _LAYER.match(text):
        text = _LAYER.sub("", text, count=1)
    return text[:WIDTH].rstrip()
