"""Putting lint right: by the repository's fixer where there is one, else by who reads."""

from services.core.strategies import Rules
from tests.kit.cases import asked


def test_the_fixer_goes_before_the_agent() -> None:
    fixer = Rules(fixer="make format")
    assert asked("fix_format", "lint", rules=fixer) == "carry"
    assert asked("fix_format", "lint", rules=fixer, agent="coder") == "carry"
    assert asked("fix_format", "lint", rules=fixer, agent="coder", head="b" * 40) == "attempt"
    assert asked("fix_format", "lint", agent="coder") == "attempt"
    assert asked("fix_format", "lint") == ""
