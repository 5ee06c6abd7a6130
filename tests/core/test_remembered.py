"""Resolutions of the past are found again."""

from services.core.remembered import hunk_id, learned, recalled
from services.core.threeway import Hunk

BASE = ("a\n", "b\n", "c\n", "d\n", "e\n")
OURS = ("a\n", "one\n", "c\n", "d\n", "mine\n")
THEIRS = ("a\n", "two\n", "c\n", "d\n", "yours\n")
RESOLVED = ("a\n", "one and two\n", "c\n", "d\n", "ours\n")


def test_a_resolution_is_learned_and_recalled() -> None:
    known = learned(BASE, OURS, THEIRS, RESOLVED)
    assert recalled(Hunk(("b\n",), ("one\n",), ("two\n",)), known) == ("one and two\n",)
    assert recalled(Hunk(("e\n",), ("yours\n",), ("mine\n",)), known) == ("ours\n",), "the other way round"
    assert recalled(Hunk((), ("one\n",), ("three\n",)), known) is None


def test_blanks_at_line_ends_do_not_count() -> None:
    assert hunk_id(Hunk((), ("a  \r\n",), ("b\n",))) == hunk_id(Hunk((), ("b\n",), ("a\n",)))
    assert hunk_id(Hunk((), ("  a\n",), ("b\n",))) != hunk_id(Hunk((), ("a\n",), ("b\n",)))


def test_what_was_edited_around_a_hunk_is_not_learned() -> None:
    assert learned(BASE, OURS, THEIRS, ("x\n", "one and two\n", "c\n", "d\n", "ours\n")) == {
        hunk_id(Hunk(("e\n",), ("mine\n",), ("yours\n",))): ("ours\n",)
    }
