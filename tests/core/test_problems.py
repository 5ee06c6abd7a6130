"""problems: the table of kinds and the bounded list."""

import re
from pathlib import Path

import pytest

from services.core.problems import KINDS, MAX_ERRORS, MAX_WARNINGS, Findings, Spot, sentence

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "plan.md"


def test_problems_are_listed_by_place_with_warnings_last() -> None:
    findings = Findings()
    findings.add("long_chain", "w", Spot("", 1, 1))
    findings.add("bad_id", "c", Spot("", 2, 5))
    findings.add("bad_id", "b", Spot("", 2, 1))
    findings.add("empty", "a")
    findings.add("bad_id", "b", Spot("", 2, 1))
    assert [problem.message for problem in findings.listed()] == ["a", "b", "c", "w"]
    assert [problem.severity for problem in findings.listed()] == ["error"] * 3 + ["warning"]


def test_only_errors_make_it_fail() -> None:
    findings = Findings()
    findings.add("long_chain", "w")
    assert not findings.failed
    findings.add("empty", "e")
    assert findings.failed


def test_the_list_is_bounded_and_says_so() -> None:
    findings = Findings()
    for number in range(1_200):
        findings.add("bad_id", f"e{number}", Spot("", number))
        findings.add("lone_group", f"w{number}", Spot("", number))
    kinds = [problem.kind for problem in findings.listed()]
    assert kinds == ["bad_id"] * MAX_ERRORS + ["more"] + ["lone_group"] * MAX_WARNINGS
    assert findings.listed()[MAX_ERRORS].message.startswith("1,150 more")


def test_suggestions_stop_when_too_much_is_wrong() -> None:
    findings = Findings()
    assert findings.suggest("shcema", ["schema"]) == " Did you mean `schema`?"
    assert findings.suggest("other", ["schema"]) == ""
    for number in range(MAX_ERRORS):
        findings.add("bad_id", f"e{number}")
    assert findings.suggest("shcema", ["schema"]) == ""


def test_a_kind_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(KeyError):
        Findings().add("unheard_of", "x")


def test_a_sentence_names_its_line() -> None:
    findings = Findings()
    findings.add("bad_id", "Wrong.", Spot("", 12, 3))
    findings.add("empty", "Nothing.")
    assert [sentence(problem) for problem in findings.listed()] == ["Nothing.", "Line 12: Wrong."]


def test_the_reference_page_lists_every_kind_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:error|warning) \| (.*?) \|", PAGE.read_text(), re.MULTILINE))
    assert rows == {name: kind.meaning for name, kind in KINDS.items()}
