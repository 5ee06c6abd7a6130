"""What people write in pull requests and reviews for us, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.pull_text import Remark, asked_of_us, issues_named, revision, taken_back
from services.core.task_state import MAX_ASKED


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("Closes #4", (4,)),
        ("This fixes: acme/api#4 and resolves #5.", (4, 5)),
        ("Lockstep-Task: #7", (7,)),
        ("fixes acme/other#4", ()),
        ("`Closes #4`", ()),
        ("> Closes #4", ()),
        ("```\nCloses #4\n```", ()),
        ("<!-- Closes #4 -->", ()),
        ("discloses #4", ()),
        ("See #4", ()),
        ("Closes #4 and closes #4", (4,)),
        (" ".join(f"closes #{n}" for n in range(1, 40)), tuple(range(1, 11))),
    ],
)
def test_the_issues_a_pull_request_does(body: str, named: tuple[int, ...]) -> None:
    assert issues_named(body, "acme/api") == named


@pytest.mark.parametrize(
    ("body", "pull"),
    [
        ("Reverts acme/api#7", 7),
        ("Reverts #7\n\nIt broke the build.", 7),
        ("Reverts acme/web#7", 0),
        ("> Reverts acme/api#7", 0),
        ("`Reverts acme/api#7`", 0),
        ("It reverts nothing.", 0),
        ("", 0),
    ],
)
def test_the_pull_request_that_is_taken_back(body: str, pull: int) -> None:
    assert taken_back(body, "Acme/api") == pull


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("@lockstep rename it", "rename it"),
        ("Nice.\n\n@lockstep: rename it\n\n```py\nx = 1\n```", "rename it\n\n```py\nx = 1\n```"),
        ("@lockstep", ""),
        ("ask @lockstep for it", ""),
        ("> @lockstep rename it", ""),
        ("```\n@lockstep rename it\n```", ""),
        ("@lockstepper rename it", ""),
    ],
)
def test_what_is_said_to_us(body: str, asked: str) -> None:
    assert asked_of_us(body) == asked


def test_remarks_bring_their_places() -> None:
    remarks = [
        Remark(path="a.py", line=3, body="@lockstep why twice?"),
        Remark(path="b.py", line=0, body="@lockstep drop it"),
        Remark(path="c.py", line=1, body="for bea"),
    ]
    assert revision("@lockstep shorter", remarks) == "shorter\n\na.py:3: why twice?\n\nb.py: drop it"
    assert revision("thanks", []) == ""


@given(st.text(), st.text())
def test_any_text_is_read_and_bounded(body: str, line: str) -> None:
    assert len(revision(body, [Remark(path=line, line=1, body=body)])) <= MAX_ASKED
    assert len(issues_named(body, "acme/api")) <= 10


def test_a_wish_may_hold_code() -> None:
    assert asked_of_us("@lockstep rename `foo` to `bar`\nand more") == "rename `foo` to `bar`\nand more"
    assert asked_of_us("`@lockstep rename it`") == ""
