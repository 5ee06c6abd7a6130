"""Resolutions of the past are found again."""

from services.core.remembered import MOST_CHARACTERS, MOST_HUNKS, MOST_LINES, hunk_id, ids, learned, of_texts, recalled
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


def test_a_hunk_is_known_in_its_own_file_only() -> None:
    known = learned(BASE, OURS, THEIRS, RESOLVED, "a.txt")
    hunk = Hunk(("b\n",), ("one\n",), ("two\n",))
    assert recalled(hunk, known, "a.txt") == ("one and two\n",)
    assert recalled(hunk, known, "b.txt") is None


def test_the_same_hunk_resolved_in_two_ways_tells_nothing() -> None:
    base, ours, theirs = (f"{x}\na\nb\n{x}\nc\nd\n" for x in "xyz")
    made = "1\na\nb\n2\nc\nd\n"
    assert of_texts(base, ours, theirs, made, "a") == {}
    (known,) = of_texts(base, ours, theirs, made.replace("2", "1"), "a").values()
    assert known == ("1\n",)


def test_of_texts_line_ends_do_not_matter_and_the_ids_are_those_that_are_asked_for() -> None:
    texts = ["".join(lines) for lines in (BASE, OURS, THEIRS, RESOLVED)]
    known = of_texts(*(text.replace("\n", "\r\n") for text in texts), path="a.txt")  # type: ignore[misc]
    assert known == learned(BASE, OURS, THEIRS, RESOLVED, "a.txt")
    assert set(ids(texts[0], texts[1], texts[2], "a.txt")) == known.keys()
    assert of_texts("x\r\nb\n", "y\r\nb\n", "z\r\nb\n", "1\r\nb\n", "a.txt") == {}, "mixed"


def test_only_so_much_is_learned_and_asked_for() -> None:
    def of(made: str) -> int:
        return len(of_texts("x\n", "y\n", "z\n", made, "a"))

    assert (of("1\n" * MOST_LINES), of("1\n" * (MOST_LINES + 1))) == (1, 0)
    assert (of("1" * (MOST_CHARACTERS - 1) + "\n"), of("1" * MOST_CHARACTERS + "\n")) == (1, 0)
    assert of("\udce9\n") == 0, "no text"
    assert of("") == 1

    def many(count: int) -> list[str]:
        return ids(*("".join(f"{x}{n}\n={n}\n" for n in range(count)) for x in "xyz"), path="a")  # type: ignore[misc]

    assert (len(many(MOST_HUNKS)), many(MOST_HUNKS + 1)) == (MOST_HUNKS, [])
