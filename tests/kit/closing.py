"""GitHub as it shows one pull request of a person for a task."""

from types import SimpleNamespace
from typing import Any


class Closing:
    """GitHub, where all is public and each pull request says that it closes 9."""

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=False, default_branch="main")

    async def issue(self, repo: str, number: int, *, fresh: bool) -> Any:
        return SimpleNamespace(body="Closes #9", author="ana")

    async def pull(self, repo: str, number: int) -> Any:
        return SimpleNamespace(state="open", merged=False, base_ref="main", head_sha="a" * 40)

    async def permission(self, repo: str, login: str, *, fresh: bool) -> str:
        return "write"
