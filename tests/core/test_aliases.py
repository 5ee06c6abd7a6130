"""aliases: a word for no command, or in place of one, is said where it stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.aliases import idle_aliases

VERBS = ("approve", "hold", "run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aliases:\n  lgtm: approve\n  r+: approve\n  none:\n", []),
        ("", []),
        ("aliases: x\n", []),
        ("- aliases\n", []),
        (
            "aliases:\n  lgtm: aprove\n",
            [(2, "`lgtm` stands for `aprove`, which is no command. Did you mean `approve`?")],
        ),
        (
            "merge: squash\naliases:\n  go: launch\n  hold: run\n",
            [
                (3, "`go` stands for `launch`, which is no command. `/lockstep help` lists them all."),
                (4, "`hold` is a command itself and stays that one; choose another word."),
            ],
        ),
    ],
)
def test_what_never_acts_is_said_at_its_line(text: str, said: list[tuple[int, str]]) -> None:
    found = idle_aliases(text, VERBS)
    assert [(problem.line, problem.message) for problem in found] == said
    assert {problem.severity for problem in found} <= {"warning"}


@given(st.text(max_size=200))
@settings(max_examples=40)
def test_any_text_can_be_asked(text: str) -> None:
    assert all(problem.line for problem in idle_aliases(f"aliases:\n  a: {text}", VERBS))
