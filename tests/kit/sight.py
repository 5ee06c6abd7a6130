"""What there is to see of a story at GitHub, as the sandbox's own records: a test asserts on these.

Reading is safe at any time; a story changes things only through the API.
"""

import asyncio

from services.core.names import STICKY
from services.sandbox.git import Git
from services.sandbox.state import Comment, Delivery, Issue, Repo
from tests.kit.sandbox import GitHub

BOT = "lockstep[bot]"


class Sight:
    """hub: GitHub; home: the repository of the plan; number: its issue, the one written last."""

    def __init__(self, hub: GitHub) -> None:
        self.hub = hub
        self.home = ""
        self.number = 0

    def repo(self, name: str = "") -> Repo:
        found = self.hub.sandbox.repo_named(name or self.home)
        assert found is not None, name
        return found

    def issues(self, repo: str = "") -> list[Issue]:
        """Issues of a repository that are no pull requests, oldest first."""
        return [issue for issue in self._numbered(repo) if issue.pull is None]

    def pulls(self, repo: str = "") -> list[Issue]:
        """Its pull requests."""
        return [issue for issue in self._numbered(repo) if issue.pull is not None]

    def _numbered(self, repo: str) -> list[Issue]:
        which = self.repo(repo).id
        return sorted(
            (i for i in list(self.hub.sandbox.state.issues.values()) if i.repo_id == which), key=lambda i: i.number
        )

    def comments(self, repo: str = "", number: int = 0) -> list[Comment]:
        """Comments of an issue or pull request, the plan's when none is named."""
        issue = self.hub.sandbox.issue_numbered(self.repo(repo), number or self.number)
        rows = list(self.hub.sandbox.state.comments.values())
        return [row for row in rows if issue is not None and row.issue_id == issue.id]

    def plan_comment(self) -> str:
        """The bot's comment on the plan issue, "" before there is one."""
        return self.comment_on()

    def comment_on(self, repo: str = "", number: int = 0) -> str:
        """The one comment that the bot keeps up to date there, "" before there is one."""
        return next((row.body for row in self.comments(repo, number) if row.user == BOT and STICKY in row.body), "")

    def reactions(self, comment: int) -> list[str]:
        """The bot's reactions to a comment, in order."""
        rows = list(self.hub.sandbox.state.reactions.values())
        return [row.content for row in rows if row.subject == f"comment:{comment}" and row.user == BOT]

    def checks(self, repo: str, sha: str) -> dict[str, str]:
        """Check runs on a commit: name -> conclusion, or status while there is none."""
        rows = list(self.hub.sandbox.state.check_runs.values())
        return {
            row.name: row.conclusion or row.status
            for row in rows
            if row.head_sha == sha and row.repo_id == self.repo(repo).id
        }

    def deliveries(self, event: str) -> list[Delivery]:
        """Webhooks of that name that were sent or tried, oldest first."""
        return [row for row in list(self.hub.sandbox.state.deliveries.values()) if row.event == event]

    @property
    def merges(self) -> list[str]:
        """`owner/name#number` of pull requests in the order in which they were merged."""
        return [line.partition(" ")[0] for line in self.hub.sandbox.state.merges]

    async def file(self, repo: str, path: str, rev: str = "") -> str | None:
        """A file as it is on a branch, the default one when none is named."""
        return await self.hub.file(self.repo(repo), path, rev)

    async def git(self, repo: str, *arguments: str) -> str:
        """What plain git says about a repository of GitHub's."""
        store = self.hub.sandbox.git
        assert isinstance(store, Git), "git itself can only be asked about repositories on disk"
        folder = store.path(self.repo(repo).id)
        child = await asyncio.create_subprocess_exec(
            "git", f"--git-dir={folder}", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await child.communicate()
        assert child.returncode == 0, said.decode()
        return said.decode().strip()
