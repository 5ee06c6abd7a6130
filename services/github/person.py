"""What GitHub lets only a person do: ask Copilot. A token that the operator gave for that, and for nothing else.

Installation tokens are refused there. Nothing is read with it but whose it is, and nothing is repeated here: whoever
asks looks first.
"""

from collections.abc import Callable

import msgspec

from services.core.clock import Clock
from services.core.elsewhere import ASSIGNED_AS, COPILOTS
from services.errors import Withdrawn
from services.github import said, shapes
from services.github.etags import Exchanges
from services.github.exchange import APP, Request, decode, repo_path
from services.github.failures import checked


class Person:
    """One person's token. Errors as of every call: NotFound, Refused, RateLimited, Unreachable; Withdrawn when nothing
    may be changed any more.
    """

    def __init__(self, transport: Exchanges, token: str, clock: Clock, may_write: Callable[[], bool]) -> None:
        self._transport = transport
        self._may_write = may_write
        self._token = token
        self._clock = clock
        self._login = ""

    def __repr__(self) -> str:
        return "Person()"

    async def login(self) -> str:
        """Whose it is."""
        if not self._login:
            self._login = decode(await self._send("GET", "user"), shapes.Account).login
        return self._login

    async def assign(self, repo: str, number: int, branch: str, instructions: str) -> bool:
        """Assign an issue to Copilot, which then begins on that branch; False where it can't be: GitHub leaves it out
        without a word. It begins once, however often it is assigned.
        """
        given = {"target_repo": repo, "base_branch": branch, "custom_instructions": instructions}
        data = {"assignees": [ASSIGNED_AS], "agent_assignment": given}
        body = await self._send("POST", f"{repo_path(repo)}/issues/{number}/assignees", data)
        return any(each.login in COPILOTS for each in decode(body, said.AssignedShape).assignees)

    async def unassign(self, repo: str, number: int) -> None:
        """Take it from Copilot, which ends what it is at."""
        await self._send("DELETE", f"{repo_path(repo)}/issues/{number}/assignees", {"assignees": [ASSIGNED_AS]})

    async def comment(self, repo: str, number: int, body: str) -> str:
        """Say something on a pull request; the comment's id. Copilot listens to people who can write there."""
        made = await self._send("POST", f"{repo_path(repo)}/issues/{number}/comments", {"body": body})
        return str(decode(made, said.SaidShape).id)

    async def _send(self, method: str, path: str, data: object = None) -> bytes:
        body = b"" if data is None else msgspec.json.encode(data)
        if method != "GET" and not self._may_write():
            raise Withdrawn
        answer = await self._transport.exchange(Request(method, path, APP, body), self._token)
        return checked(answer, self._clock.now()).body
