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
        ("  uses: actions/checkout@v{}", "2.0", "4.0", "3.1"),
        ("version: {}", "1.0.dev", "1.0", "1.0b2"),
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
    ],
)
def test_what_is_not_proved_is_left(base: str, ours: str, theirs: str) -> None:
    assert resolve(Conflict((base,), (ours,), (theirs,))) is None


def test_lines_beside_it_may_change_on_one_side() -> None:
    conflict = Conflict(("version = 1.0", "a"), ("version = 1.1", "b"), ("version = 1.2", "a"))
    assert resolve(conflict) == ("version = 1.2", "b")
    assert resolve(Conflict(("a",), ("b",), ("a",))) is None, "no version in it"
    assert resolve(Conflict((), ("version = 1.1",), ("version = 1.2",))) is None
