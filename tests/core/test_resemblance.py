"""resemblance: the line people read."""

from inline_snapshot import snapshot

from services.core.resemblance import precedents, resemblance
from services.core.similar import Match, Past


def match(score: float, title: str, *paths: str, number: int = 4) -> Match:
    return Match(past=Past(repo="acme/api", title=title, paths=paths, number=number), score=score)


def test_the_likest_few_and_the_files() -> None:
    found = [
        match(1.0, "Parse quoted cookies", "api/cookies.py"),
        match(0.6, "Cookies of @ana [x](http://evil)", "api/cookies.py", "tests/`test`.py", number=0),
        match(0.2, "Something else", "docs/other.md"),
    ]
    assert resemblance(found) == snapshot(
        "Merged before and perhaps like it: Parse quoted cookies (`acme/api#4`); Cookies of \\@\u2060ana \\[x\\]\\(h\u2060ttp\\://evil\\). Such tasks touched `api/cookies.py`, `tests/'test'.py`, `docs/other.md`."
    )


def test_an_agent_is_told_of_files_first_and_of_no_more_than_there_is_room_for() -> None:
    found = [match(1.0, "Parse quoted cookies", "api/cookies.py"), match(0.2, "Something else", "docs/other.md")]
    assert precedents(found) == snapshot("""\
Files that such tasks touched:
- api/cookies.py
- docs/other.md
Such tasks:
- Parse quoted cookies: api/cookies.py\
""")
    assert precedents([]) == precedents([match(0.1, "No")]) == ""
    many = [match(1.0, f"Task {number}", f"{number}.py") for number in range(99)]
    assert 300 < len(precedents(many, tokens=100)) <= 400


def test_of_many_only_a_few() -> None:
    found = [match(1.0, f"Task {number}", f"{number}.py") for number in range(9)]
    assert resemblance(found).count("Task") == 3
    assert resemblance(found).count(".py") == 5


def test_nothing_is_like_it_or_no_files_are_known() -> None:
    assert resemblance([]) == ""
    assert resemblance([match(1.0, "By a person")]) == snapshot(
        "Merged before and perhaps like it: By a person (`acme/api#4`)."
    )
