"""Natural keys: always valid where they are used, and the same for the same thing."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.core import names
from services.core.plan import ID_PATTERN

ids = st.from_regex(ID_PATTERN, fullmatch=True)
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


@given(st.from_regex(r"[A-Za-z0-9_.-]{1,100}", fullmatch=True), st.integers(1, 10**9), ids)
def test_a_branch_is_always_a_valid_ref(repo: str, number: int, task_id: str) -> None:
    branch = names.branch(names.slug(f"acme/{repo}", number), task_id)
    assert SAFE.fullmatch(branch)
    assert branch.startswith("lockstep/")
    assert ".." not in branch
    assert "//" not in branch
    assert not branch.endswith((".", ".lock"))


def test_a_plan_has_one_short_name() -> None:
    assert names.slug("acme/platform", 12) == "platform-12"
    assert names.slug("acme/my.repo_x", 1) == "my-repo-x-1"
    assert names.slug("acme/...", 3) == "plan-3"


def test_a_marker_cannot_be_closed_from_inside() -> None:
    assert names.marker("a/b--> <script>") == "<!-- lockstep:key=a/b-----script- -->"


def test_keys_ignore_case_as_github_does() -> None:
    assert names.pull_key("Acme/API", 3) == names.pull_key("acme/api", 3)
