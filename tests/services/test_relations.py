"""services/engine/relations.py: how much of an issue's sub-issues is read, and what is said where there are more."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.core.plan import MAX_TASKS
from services.engine.relations import read_related
from services.github.infos import IssueInfo, RelatedInfo

PLAN = IssueInfo(
    id="9",
    number=1,
    title="A plan",
    body="Plan: sub-issues",
    state="open",
    labels=(),
    author="ana",
    is_pull=False,
    url="https://github.test/acme/api/issues/1",
)


class Reads:
    """So many groups below issue 1, with so many sub-issues each."""

    def __init__(self, groups: int, each: int) -> None:
        self._groups, self._each = groups, each

    async def installation_of(self, repo: str) -> Any:
        return SimpleNamespace(id="1")

    async def installed_repositories(self, installation: str) -> Any:
        return [SimpleNamespace(full_name="acme/api", private=False)]

    async def sub_issues(self, repo: str, number: int) -> list[RelatedInfo]:
        first, count, children = (2, self._groups, self._each) if number == 1 else (number * 1_000, self._each, 0)
        return [
            RelatedInfo(repo=repo, number=n, title=f"Do {n}", body="", is_open=True, children=children)
            for n in range(first, first + count)
        ]


@pytest.mark.parametrize(("groups", "each"), [(200, 5), (500, 2), (1_000, 1), (1_500, 1), (300, 5), (2_100, 1)])
async def test_a_group_is_never_taken_for_a_task(groups: int, each: int) -> None:
    parts = SimpleNamespace(github=SimpleNamespace(reads=Reads(groups, each)))
    parsed = (await read_related(cast("Any", parts), "acme/api", PLAN)).parsed
    if groups * each > MAX_TASKS:
        assert [problem.kind for problem in parsed.errors] == ["too_many_tasks"]
    else:
        assert len(parsed.tasks) == groups * each
        assert min(task.issue for task in parsed.tasks) >= 2_000
