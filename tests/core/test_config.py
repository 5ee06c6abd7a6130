"""A repository's own settings: what is read, and that a mistake is said rather than ignored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.config import RepoConfig, read_config
from services.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", RepoConfig()),
        ("# nothing yet\n", RepoConfig()),
        ("checks: none\nmerge: rebase\n", RepoConfig(checks="none", merge="rebase")),
    ],
)
def test_reads(text: str, expected: RepoConfig) -> None:
    assert read_config(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cheks: none", "did you mean `checks`?"),
        ("xyzzy: 1", "known keys are `checks`, `merge`"),
        ("checks: never", "checks"),
        ("- checks", "`key: value`"),
        ("checks: [", "not valid YAML"),
        ("a: !!python/object:os.system x", "not valid YAML"),
        ("x" * 70_000, "larger than"),
        ("[" * 3_000, "not valid YAML"),
    ],
)
def test_mistakes_are_named(text: str, said: str) -> None:
    with pytest.raises(UserError, match=r"lockstep\.yml") as caught:
        read_config(text)
    assert said in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_one_sentence(text: str) -> None:
    said = ""
    try:
        read_config(text)
    except UserError as error:
        said = str(error)
    assert "\n" not in said
