"""Both sides moved the same version on."""

import pytest

from services.core.conflict import Conflict
from services.core.resolvers.version import resolve


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "higher"),
    [
        ('__version__ = "{}"', "1.0", "1.1.dev", "1.0.1"),
        ('version = "{}"', "0.9", "1.0rc2", "1.0rc1"),
        ("attrs>={}", "19.9", "19.10", "19.9.1"),
        ("  'attrs[tests, docs] >={}',", "19.9", "19.10", "19.9.1"),
        ("FROM --platform=linux/amd64 python:{}-slim", "3.9", "3.11", "3.10"),
        ("release = {}", "0.9", "1.0", "0.9.1"),
        ("  uses: actions/checkout@v{}", "2.0", "4.0", "3.1"),
        ("version: {}", "1.0.dev", "1.0", "1.0b2"),
        ("  uses: acme/setup@" + "c0ffee01" * 5 + " # v{}", "7.1.0", "7.10.0", "7.9.9"),
    ],
)
def test_the_higher_one_is_kept_on_either_side(base: str, ours: str, theirs: str, higher: str) -> None:
    was, more, less = (base.format(number) + "\n" for number in (ours, theirs, higher))
    assert resolve(Conflict((was,), (more,), (less,))) == (more,)
    assert resolve(Conflict((was,), (less,), (more,))) == (more,)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("version = 1.1", "version = 1.0", "version = 1.2"),
        ("version = 1.0", "version = 1.1", "release = 1.2"),
        ("version = 1.0", "version = 1.0.0.1", "version = 1.0.0.1.0"),
        ("took 1.0 and 2.0", "took 1.1 and 2.0", "took 1.2 and 2.0"),
        ("about 1.0 seconds", "about 1.1 seconds", "about 1.2 seconds"),
        ("version = 1.0", "version = 1.1 x", "version = 1.2"),
        *(
            tuple(line.format(number) for number in ("1.25", "1.31", "1.28"))
            for line in (
                "RATE_CONVERSION = {}",
                "q.filter(price__gte={})",
                "self.__alpha = {}",
                "release_rate = {}",
                "xs.filter(x=>x>={})",
                'w["x"]>={} && go()',
                "x>={} && go()",
                "from {} to x",
                "image: 10.0.{}:5000/app",
                "server-release: 10.1.{}",
            )
        ),
    ],
)
def test_what_is_not_proved_is_left(base: str, ours: str, theirs: str) -> None:
    assert resolve(Conflict((base,), (ours,), (theirs,))) is None


def test_a_line_of_one_long_name_is_read_once() -> None:
    """Tried anew from each of its letters it would take minutes, so the suite's own patience is the limit."""
    base, ours, theirs = (f"{'a' * 600_000} {number}" for number in ("1.0.0", "1.0.1", "1.0.2"))
    assert resolve(Conflict((base,), (ours,), (theirs,))) is None
    assert resolve(Conflict(("a-name: 1.0.0",), ("a-name: 1.0.1",), ("a-name: 1.0.2",))) == ("a-name: 1.0.2",)


def test_quotes_hashes_and_blank_lines_do_not_count() -> None:
    quoted = Conflict(("version = '1.0.dev'\n",), ('version = "1.1.dev"\n',), ("version = '1.0'\n",))
    assert resolve(quoted) == ('version = "1.1.dev"\n',)
    hashed = [
        f"uses: acme/setup@{mark * 40} # v{number}\n" for mark, number in (("a", "1.0"), ("b", "1.1"), ("c", "1.2"))
    ]
    assert resolve(Conflict((hashed[0],), (hashed[1],), (hashed[2],))) == (hashed[2],)
    spaced = Conflict(("version = 1.0\n",), ("\n", "version = 2.0\n"), ("version = 1.1\n",))
    assert resolve(spaced) == ("\n", "version = 2.0\n") == resolve(spaced.turned())


def test_lines_beside_it_may_change_on_one_side() -> None:
    conflict = Conflict(("version = 1.0", "a"), ("version = 1.1", "b"), ("version = 1.2", "a"))
    assert resolve(conflict) == ("version = 1.2", "b")
    assert resolve(Conflict(("a",), ("b",), ("a",))) is None, "no version in it"
    assert resolve(Conflict((), ("version = 1.1",), ("version = 1.2",))) is None
