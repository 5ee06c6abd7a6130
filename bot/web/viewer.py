"""Who looks, and what they may see: the same question before every page, every answer of the API and every live event.

What one sees here is what one may see on GitHub. A plan belongs to the repository of its issue; a task, with its log
and its pull request, to the repository it changes.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web

Scope = Literal["read", "act", "admin"]
"""read: look.  act: give commands in one's own name.  admin: what concerns the whole instance (deliveries, budgets)."""
SCOPES: tuple[Scope, ...] = ("read", "act", "admin")

Sees = Callable[[str, str], Awaitable[bool]]
"""(login, repository) -> may this person read it on GitHub?"""
Known = Callable[[str, str], bool | None]
"""The same as far as it is known without asking."""
ASKS = 100
"""Repositories that GitHub is asked about for one look at lists: ten seconds or so, and a hundredth of what the App may
ask in an hour.
"""


class Viewer:
    """One person for one request. login: "" for whoever sits at the machine itself, who may see everything.

    via: how they came in: `page`, `machine`, or the name of a token.  csrf: what a form has to bring, "" where no form
    can come from.
    """

    def __init__(
        self, login: str, scopes: frozenset[Scope], sees: Sees | None = None, *, known: Known | None = None,
        via: str = "", csrf: str = "",
    ) -> None:  # fmt: skip
        self.login, self.scopes, self.via, self.csrf = login, scopes, via, csrf
        self._sees, self._known = sees, known
        self._looked: dict[str, bool] = {}

    @property
    def sees_all(self) -> bool:
        """Is nothing hidden?"""
        return self._sees is None

    async def sees(self, repo: str) -> bool:
        return self._sees is None or await self._sees(self.login, repo)

    async def looks(self, repo: str) -> bool | None:
        """The same for one of many: None, which is to be shown as little as False, after too many questions."""
        if self._sees is None or (self._known is not None and self._known(self.login, repo) is not None):
            return await self.sees(repo)
        if repo not in self._looked:
            if len(self._looked) >= ASKS:
                return None
            self._looked[repo] = await self._sees(self.login, repo)
        return self._looked[repo]


_KEY = web.RequestKey("viewer", Viewer)


def set_viewer(request: web.Request, viewer: Viewer) -> None:
    request[_KEY] = viewer


def viewer_of(request: web.Request) -> Viewer:
    """Who looks; the guard has found out before any handler runs, so there is always one."""
    return request[_KEY]
