"""plan_fields: the table of keys and what is said about a key that is not in it."""

from pathlib import Path

import pytest

from services.core.plan import Task
from services.core.plan_fields import DEFAULT_KEYS, KEYS, PLAN_KEYS, unknown_key
from services.core.problems import Findings, Spot


def test_every_key_is_a_field_of_a_task_and_the_other_way_round() -> None:
    assert set(KEYS) | {"line", "issue"} == set(Task.__struct_fields__)


def test_what_belongs_to_one_task_alone_has_no_default() -> None:
    assert set(KEYS) - set(DEFAULT_KEYS) == {"id", "title", "needs", "done"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("need", "needs"),
        ("depends_on", "needs"),
        ("Depends-On", "needs"),
        ("repository", "repo"),
        ("timout", "timeout"),
        ("NEEDS", "needs"),
        ("script", "run"),
    ],
)
def test_a_key_that_was_probably_meant_is_named(word: str, meant: str) -> None:
    assert f"Did you mean `{meant}`?" in said(word, tuple(KEYS))


def test_else_all_keys_are_named() -> None:
    assert said("zzz", PLAN_KEYS).endswith("Keys are title, defaults, tasks.")
    assert "Did you mean" not in said("depends_on", DEFAULT_KEYS)


def said(word: str, allowed: tuple[str, ...]) -> str:
    findings = Findings()
    unknown_key(Spot(word), allowed, "a task", findings)
    return findings.listed()[0].message


def test_the_reference_page_lists_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "plan.md").read_text()
    for name, key in KEYS.items():
        assert f"| `{name}` | {key.summary} | {'yes' if key.default else ''} |" in page


def test_a_key_of_another_tool_is_told_by_ours() -> None:
    for key, words in {
        "needs": "after blocked_by blocked-by depends depends_on depends-on dependencies deps need requires",
        "paths": "files globs path",
        "timeout": "timeout-minutes timeout_minutes",
        "verify": "check test tests",
        "body": "description details notes",
        "run": "cmd command script",
    }.items():
        for word in words.split():
            assert f"Did you mean `{key}`?" in said(word, tuple(KEYS))
