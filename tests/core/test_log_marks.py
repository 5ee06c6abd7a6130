"""Steps of a log: what counts is the step that failed, on systems that say which."""

import pytest

from services.core.log_lines import Line
from services.core.log_marks import AFTER, PASSED, mark_of, weights


def of(*texts: str) -> list[float]:
    return weights([Line(number, text) for number, text in enumerate(texts, 1)])


def test_a_log_without_marks_counts_everywhere() -> None:
    assert of("one", "error", "three") == [1.0, 1.0, 1.0]
    assert weights([]) == []


def test_of_github_actions_the_step_with_the_error_counts() -> None:
    assert of(
        "Prepare",
        "##[group]Run make lint",
        "fine",
        "##[group]Run make test",
        "it broke",
        "##[error]Process completed with exit code 1.",
        "##[group]Run cleanup",
        "Post job cleanup.",
    ) == [PASSED, PASSED, PASSED, 1.0, 1.0, 1.0, PASSED, PASSED]


def test_what_a_step_is_about_to_run_says_nothing() -> None:
    head = ["##[group]Run make test", "echo merge conflict", "##[endgroup]"]
    ended = "##[error]Process completed with exit code 1."
    assert of(*head, "it broke", ended) == [1.0, 0.0, 0.0, 1.0, 1.0]
    assert of(*head, "fine", "##[group]Run x", ended) == [0.0, 0.0, 0.0, PASSED, 1.0, 1.0]
    assert of(*head, "fine") == [0.0, 0.0, 0.0, 1.0]
    assert of("##[group]Run x", "##[group]Files", "a", "##[endgroup]", ended) == [1.0] * 5


def test_of_travis_the_command_that_failed_counts() -> None:
    assert of(
        "setting up",
        'The command "make lint" exited with 0.',
        "it broke",
        'The command "make test" exited with 2.',
        "cache",
        "Done. Your build exited with 1.",
    ) == [PASSED, PASSED, 1.0, 1.0, AFTER, AFTER]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ('The command "make" exited with 0.', "passed"),
        ('The command "make" exited with 10.', "failed"),
        ('The command "eval make" failed. Retrying, 2 of 3.', "failed"),
        ('The command "make" failed and exited with 1 during .', "failed"),
        ('The command "echo failed" exited with 0.', "passed"),
        ('The command "make', None),
        ("##[group]Run make", "begin"),
        ("##[group]Environment", None),
        ("##[error]It broke", "failed"),
        ("##[warning]Careful", None),
        ("error: it broke", None),
    ],
)
def test_marks(text: str, mark: str | None) -> None:
    assert mark_of(text) == mark
