"""Reading a log within bounds: every line that is looked at has the number an editor gives it, whatever the log holds."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core import log_lines
from services.core.log_lines import Gathering, Line, clean, read_log

ENDS = re.compile(rb"\r\n|\r|\n")
PIECES = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"error", b"x", b" at a.b", b"FAILED", b"\x1b[31m", b"\xff"]))


def numbered(data: bytes) -> dict[int, str]:
    return dict(enumerate(map(clean, ENDS.split(data)), 1))


def in_pieces(data: bytes, size: int) -> Gathering:
    gathering = Gathering()
    for at in range(0, len(data), size):
        gathering.feed(data[at : at + size])
    return gathering


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a short log goes beyond."""
    for name, value in {
        "KEPT_HEAD": 20,
        "KEPT_TAIL": 40,
        "HEAD": 10,
        "TAIL": 20,
        "HEAD_LINES": 3,
        "TAIL_LINES": 6,
    }.items():
        monkeypatch.setattr(log_lines, name, value)


@given(PIECES, st.integers(1, 9))
def test_every_line_has_its_number(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    log = in_pieces(data, size).log()
    assert {line.number: line.text for line in log.lines} == {
        number: text for number, text in numbered(data).items() if number <= log.count
    }
    assert log.count == len(data.splitlines())
    assert not log.cut


@pytest.mark.usefixtures("small")
def test_also_where_much_is_left_out() -> None:
    @given(PIECES, st.integers(1, 9))
    def holds(parts: list[bytes], size: int) -> None:
        data = b"".join(parts)
        expected = numbered(data)
        log = in_pieces(data, size).log()
        numbers = [line.number for line in log.lines]
        assert numbers == sorted(set(numbers))
        assert all(number <= len(expected) for number in numbers)
        assert len(expected) - 1 <= log.count <= len(expected)
        for line in log.lines:
            assert line.text in expected[line.number] or b"\x1b" in data, (line, expected[line.number])

    holds()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_last_lines_are_always_there(end: bytes) -> None:
    data = end.join(b"line %d" % number for number in range(1, 501)) + end
    log = in_pieces(data, 7).log()
    assert (log.count, log.cut) == (500, True)
    assert log.lines[0] == Line(1, "line 1")
    assert log.lines[-1] == Line(500, "line 500")


def test_what_shouts_in_the_middle_is_seen_with_what_follows() -> None:
    calm = b"nothing to see here\n" * 20_000
    log = read_log(calm + b"fatal: it broke\n\tat somewhere\n" + calm)
    assert log.cut
    assert log.count == 40_002
    found = [line for line in log.lines if 15_000 < line.number < 25_000]
    assert found[:3] == [
        Line(20_001, "fatal: it broke"),
        Line(20_002, "\tat somewhere"),
        Line(20_003, "nothing to see here"),
    ]
    assert len(found) == 1 + log_lines.AFTER


@pytest.mark.parametrize(
    "data",
    [
        b"\r" * 3_000_000,
        b"error " * 1_000_000,
        b"error fail fatal exception no space left\n" * 100_000,
        b"\x1b[" * 1_500_000,
        b"\x1b]0;" * 1_000_000,
        b"\x00" * 3_000_000,
        bytes(range(256)) * 12_000,
        b"a" * 12_000_000,
        b"(((((" * 800_000,
    ],
    ids=["ends", "one line", "shouts", "colours", "titles", "zeros", "binary", "no end", "brackets"],
)
def test_a_hostile_log_gives_few_and_short_lines(data: bytes) -> None:
    log = read_log(data)
    assert len(log.lines) < 6_000
    assert all(len(line.text) <= log_lines.WIDTH for line in log.lines)


@pytest.mark.parametrize(
    "piece",
    [b"nothing to see here\n" * 50_000, b"\xff\x00\x1b[" * 250_000],
    ids=["lines", "binary"],
)
def test_a_gigabyte_costs_no_more_memory_than_a_few_megabytes(piece: bytes) -> None:
    tracemalloc.start()
    gathering = Gathering()
    for _ in range(1_000):
        gathering.feed(piece)
    gathering.feed(b"\nerror: at the end")
    log = gathering.log()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert log.lines[-1] == Line(1_000 * piece.count(b"\n") + 2, "error: at the end")
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"2026-03-02T09:00:01.1234567Z ##[group]Run make", "##[group]Run make"),
        (b"\xef\xbb\xbf2026-03-02T09:00:01.1234567Z first line", "first line"),
        (b"test\tRun make\t2026-03-02T09:00:01.1234567Z from gh run view", "from gh run view"),
        (b"2026-03-02T09:00:01Z\tkept as it is", "\tkept as it is"),
        (b"\x1b[1;31mERROR\x1b[0m it \x1b[1mbroke\x1b[m", "ERROR it broke"),
        (b"\x1b]0;a title\x07visible", "visible"),
        (b"\x1b]52;c;ZXZpbA==\x1b\\visible", "visible"),
        ("a\u202eb\u200bc\u0007d".encode(), "abcd"),
        (b"caf\xe9", "caf\ufffd"),
        (b"  indented\tand more   ", "  indented\tand more"),
    ],
)
def test_a_line_is_shown_without_what_nobody_sees(raw: bytes, text: str) -> None:
    assert clean(raw) == text


def test_a_log_in_utf_16_is_read() -> None:
    data = "one\r\ntwo ✗\r\n".encode("utf-16")
    assert in_pieces(data, 5).log().lines == (Line(1, "one"), Line(2, "two ✗"))


@given(st.binary(max_size=3_000))
def test_no_line_can_steer_a_terminal(data: bytes) -> None:
    for line in read_log(data).lines:
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e]", line.text)
