"""Plans kept in files: which paths are taken, and how an issue names one."""

import pytest

from services.core.plan_file import file_named, form_of, is_plan_file


@pytest.mark.parametrize(
    "path",
    [
        "plans/a.yaml", ".github/plans/../secret.yaml", ".github/plans/sub/a.yaml", ".github/plans/.a.yaml",
        ".github/plans/a.txt", ".github/plans/a.yaml/x", "/.github/plans/a.yaml", ".github/plans/ä.yaml",
        f".github/plans/{'a' * 120}.yaml",
    ],
)  # fmt: skip
def test_nothing_else_is_read(path: str) -> None:
    assert not is_plan_file(path)
    assert file_named(f"Plan: {path}") == ""


@pytest.mark.parametrize(
    ("body", "file"),
    [
        ("Plan: .github/plans/a.yaml", ".github/plans/a.yaml"),
        ("Words.\n\nplan: `.github/plans/next-3.md`\n", ".github/plans/next-3.md"),
        ("`Plan: .github/plans/a.yaml`", ""),
        ("> Plan: .github/plans/a.yaml", ""),
        ("Plan: .github/plans/a.yaml and more", ""),
    ],
)
def test_how_an_issue_names_one(body: str, file: str) -> None:
    assert file_named(body) == file


def test_a_line_end_is_no_part_of_a_name() -> None:
    assert not is_plan_file(".github/plans/a.yaml\n")


def test_the_name_says_how_it_is_read() -> None:
    assert (form_of(".github/plans/a.md"), form_of(".github/plans/a.yml")) == ("issue", "yaml")
