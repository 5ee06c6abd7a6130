"""How that stands what pull requests name with `Depends-On`, as far as their authors may know: for one answer, in which
everything is asked of GitHub once, and anew.
"""

from collections.abc import Collection, Container, Sequence

from services.core.depends import Need, State
from services.core.names import pull_key
from services.engine import reverts
from services.engine.hidden import is_private
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github.infos import IssueInfo


class Standing:
    """One answer. most: reads after which no other need is looked at, 0 for as many as there are; unread: needs that
    were left out so.
    """

    def __init__(self, parts: Parts, most: int = 0) -> None:
        self._parts, self._most, self._spent = parts, most, 0
        self._found: dict[str, State] = {}
        self._readers: dict[tuple[str, str], bool] = {}
        self.unread = 0

    def spend(self, reads: int) -> None:
        """So many were made for the same answer."""
        self._spent += reads

    @property
    def is_spent(self) -> bool:
        return 0 < self._most <= self._spent

    async def of(
        self, repo: str, issue: IssueInfo, needs: Sequence[Need], lifted: Container[str] = ()
    ) -> list[tuple[Need, State]]:
        """How each of those stands that a pull request names, but for what was left out. lifted: those that do not
        count.
        """
        first = await reverts.first(self._parts, repo, issue)
        found: list[tuple[Need, State]] = []
        for need in needs:
            if need.place in lifted:
                found.append((need, "lifted"))
            elif self.is_spent and not need.wrong and pull_key(need.repo, need.number) not in self._found:
                self.unread += 1
            else:
                found.append((need, need.wrong or await self._state(repo, issue, need, first)))
        return found

    async def _state(self, repo: str, issue: IssueInfo, need: Need, first: Collection[str]) -> State:
        """What is private counts only for who can read it: else a name and a green check would tell of it. first: what
        we have named ourselves.
        """
        key, same = pull_key(need.repo, need.number), need.repo.lower() == repo.lower()
        if same and need.number == issue.number:
            return "self"
        if not same and key not in first and not await self._may_read(need.repo, issue.author):
            return "unseen"
        if key not in self._found:
            self._found[key] = await self._look(need)
        return self._found[key]

    async def _look(self, need: Need) -> State:
        reads = self._parts.github.reads
        self.spend(1)
        try:
            await reads.installation_of(need.repo)
            found = await reads.pull(need.repo, need.number, fresh=True)
        except (NotFound, Refused):
            return await self._if_issue(need)
        if found.merged:
            return "merged"
        return "open" if found.state == "open" else "closed"

    async def _if_issue(self, need: Need) -> State:
        self.spend(1)
        try:
            await self._parts.github.reads.issue(need.repo, need.number, fresh=True)
        except (NotFound, Refused):
            return "unseen"
        return "issue"

    async def _may_read(self, repo: str, author: str) -> bool:
        who = (repo.lower(), author)
        if who not in self._readers:
            self._readers[who] = await self._is_reader(repo, author)
        return self._readers[who]

    async def _is_reader(self, repo: str, author: str) -> bool:
        reads = self._parts.github.reads
        try:
            if not await is_private(reads, repo):
                return True
            self.spend(1)
            return await reads.permission(repo, author, fresh=True) != "none"
        except (NotFound, Refused):  # nobody let us in there
            return False
