"""Natural keys: always valid where they are used, and the same for the same thing."""

import re

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core import names
from services.core.plan import ID_PATTERN

ids = st.from_regex(ID_PATTERN, fullmatch=True)
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


@given(st.from_regex(r"[A-Za-z0-9_.-]{1,100}", fullmatch=True), st.integers(1, 10**9), ids)
def test_a_branch_is_always_a_valid_ref(repo: str, number: int, task_id: str) -> None:
    branch = names.branch(names.run_id(f"acme/{repo}", number, 1), task_id)
    assert SAFE.fullmatch(branch)
    assert branch.startswith("lockstep/")
    assert ".." not in branch
    assert "//" not in branch
    assert not branch.endswith((".", ".lock"))


def test_each_run_has_a_name_and_branches_of_its_own() -> None:
    assert names.run_id("acme/platform", 12, 1) == "acme/platform-12-r1"
    assert names.branch("acme/platform-12-r1", "api") == "lockstep/platform-12/api"
    assert names.branch("acme/platform-12-r2", "api") == "lockstep/platform-12-r2/api"
    assert names.branch("acme/my.repo-1-r1", "api") != names.branch("acme/my-repo-1-r1", "api")
    assert names.branch("acme/x..y-1-r1", "v1.lock") == "lockstep/x_.y-1/v1.lock-"


def test_a_hidden_run_says_nothing_of_its_home() -> None:
    assert names.hidden_run_id("2871", 1) == "_/plan-2871-r1"
    assert names.branch(names.hidden_run_id("2871", 2), "api") == "lockstep/plan-2871-r2/api"


def test_what_people_read_of_each_label() -> None:
    assert {name: said for name, (_, said) in names.LABELS.items()} == snapshot(
        {
            "lockstep:plan": "A plan for Lockstep: tasks over one or many repositories",
            "lockstep:ready": "Approved, can be started",
            "lockstep:in-progress": "Lockstep is working on it",
            "lockstep:blocked": "Held until somebody says that it goes on",
            "lockstep:needs-human": "A person has to decide",
            "lockstep:failed": "Did not work; /lockstep retry starts it again",
            "lockstep:done": "Merged",
        }
    )


def test_a_marker_cannot_be_closed_from_inside() -> None:
    assert names.marker("a/b--> <script>") == "<!-- lockstep:key=a/b-----script- -->"


def test_keys_ignore_case_as_github_does() -> None:
    assert names.pull_key("Acme/API", 3) == names.pull_key("acme/api", 3)


def test_what_a_merge_queue_tries() -> None:
    assert names.pull_of_group(f"refs/heads/gh-readonly-queue/release/1.0/pr-17-{'a' * 40}") == 17
    assert names.pull_of_group(f"refs/heads/gh-readonly-queue/main/pr-0-{'a' * 40}") == 0
    assert names.pull_of_group("refs/heads/main") == 0


def test_a_run_whose_name_says_nothing_of_its_home_is_known() -> None:
    assert names.is_hidden(names.hidden_run_id("2871", 1))
    assert not names.is_hidden(names.run_id("acme/platform", 12, 1))


def test_no_mark_can_be_written_into_a_text() -> None:
    mark = names.marker("a/b/c/d")
    assert mark not in names.without_marks(f"before {mark} after")
