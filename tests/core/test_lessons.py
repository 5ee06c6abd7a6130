"""What reviews teach: proposed once, decided by people."""

import pytest
from inline_snapshot import snapshot

from services.core.lessons import LONGEST, VERBS, Lesson, decided, listed, proposed, told
from services.errors import UserError


def lesson(text: str = "Use the logger, not print") -> Lesson:
    made = proposed("acme/api", 7, text)
    assert made is not None
    return made


def test_the_same_words_are_one_lesson_of_a_repository() -> None:
    assert proposed("acme/api", 7, "  \n ") is None
    assert lesson("Use the logger,\n\nnot print").id == lesson().id
    other = proposed("acme/web", 7, "Use the logger, not print")
    assert other is not None
    assert other.id != lesson().id
    assert len(lesson("x" * 9_000).text) == LONGEST


def test_what_maintainers_say_of_it() -> None:
    active = decided(lesson(), "approve", "ana")
    assert active is not None
    assert (active.state, active.by) == ("active", "ana")
    with pytest.raises(UserError) as refused:
        decided(active, "approve", "ben")
    assert str(refused.value) == f"The lesson `{active.id}` is active; that changes nothing."
    retired = decided(active, "retire", "ben")
    assert retired is not None
    assert retired.state == "retired"
    assert all(decided(each, "delete", "ana") is None for each in (lesson(), active, retired))
    with pytest.raises(UserError):
        decided(retired, "veto", "ana")
    assert set(VERBS) == {"approve", "veto", "retire", "delete"}


def test_an_attempt_is_told_a_line_each_and_people_a_table() -> None:
    assert told([lesson(), lesson("Name things @well")]) == "- Use the logger, not print\n- Name things @well"
    assert listed([lesson("Thank @octocat | fixes #1")]) == snapshot("""\
| Lesson | From | State | Attempts told | |
| --- | --- | --- | --- | --- |
| Thank \\@\u2060octocat \\| f\u2060ixes \\#\u20601 | acme/api#7 | proposed | 0 | `/lockstep lesson approve 7e4897be` |\
""")
    assert listed([]) == snapshot(
        "Nothing has been learned here yet: a lesson is what a review asks of me before a pull request merges."
    )
