"""Everything Lockstep changes on GitHub through its API, each call with a token that can do little else.

GitHub has no idempotency key, so nothing here repeats a call. After an ambiguous failure (Unreachable) the engine's
outbox looks first: a check run, a branch or a merge has a natural key, an issue, a comment and a pull request are
found again by the `find_` functions. What a call may have changed is invalidated in the cache whether it succeeded or
not.
"""

from datetime import datetime
from typing import Any

import msgspec

from services.errors import NotFound, Refused
from services.github import shapes
from services.github.auth import Auth
from services.github.cache import LIST, Cache
from services.github.exchange import Answer, Identity, Request, Sender, Stats, branch_path, decode, repo_path, segment
from services.github.infos import CheckInfo, CommentInfo, IssueInfo, PullInfo
from services.github.reads import Reads

Rights = tuple[tuple[str, str], ...]

TALK: Rights = (("contents", "read"), ("issues", "write"), ("pull_requests", "write"))
CHECK: Rights = (("checks", "write"),)
MERGE: Rights = (("contents", "write"), ("pull_requests", "write"))
MAX_SUMMARY = 65_535


class Writes:
    """Changes.

    Errors: NotFound, Refused (with GitHub's text), RateLimited (nothing was done), Unreachable (look first).
    """

    def __init__(self, reads: Reads, sender: Sender, auth: Auth, cache: Cache, stats: Stats) -> None:
        self._reads = reads
        self._sender = sender
        self._auth = auth
        self._cache = cache
        self._stats = stats

    async def create_issue(self, repo: str, title: str, body: str, labels: tuple[str, ...] = ()) -> IssueInfo:
        data = {"title": title, "body": body, "labels": labels}
        answer = await self._talk(repo, "POST", "/issues", data, f"issue:{LIST}")
        return decode(answer.body, shapes.IssueShape).info()

    async def edit_issue(
        self,
        repo: str,
        number: int,
        *,
        state: str | None = None,
        state_reason: str | None = None,
        body: str | None = None,
    ) -> IssueInfo:
        """Set what is given and leave the rest.

        state: open or closed.  state_reason: completed, not_planned or reopened.
        """
        given = {"state": state, "state_reason": state_reason, "body": body}
        data = {name: value for name, value in given.items() if value is not None}
        answer = await self._talk(repo, "PATCH", f"/issues/{number}", data, f"issue:{number}", f"pull:{number}")
        return decode(answer.body, shapes.IssueShape).info()

    async def comment(self, repo: str, number: int, body: str) -> CommentInfo:
        answer = await self._talk(repo, "POST", f"/issues/{number}/comments", {"body": body}, f"comments:{number}")
        return decode(answer.body, shapes.CommentShape).info()

    async def edit_comment(self, repo: str, comment_id: str, body: str) -> CommentInfo:
        path = f"/issues/comments/{segment(comment_id)}"
        answer = await self._talk(repo, "PATCH", path, {"body": body}, "comments")
        return decode(answer.body, shapes.CommentShape).info()

    async def react(self, repo: str, comment_id: str, content: str) -> None:
        """content: +1, -1, laugh, confused, heart, hooray, rocket or eyes. Reacting twice changes nothing."""
        await self._talk(repo, "POST", f"/issues/comments/{segment(comment_id)}/reactions", {"content": content})

    async def add_labels(self, repo: str, number: int, labels: tuple[str, ...]) -> None:
        """On an issue or a pull request; labels that are already there stay."""
        if labels:
            path = f"/issues/{number}/labels"
            await self._talk(repo, "POST", path, {"labels": labels}, f"issue:{number}", f"pull:{number}")

    async def remove_label(self, repo: str, number: int, name: str) -> None:
        """Take a label off; nothing happens when it is not there."""
        path = f"/issues/{number}/labels/{segment(name)}"
        try:
            await self._talk(repo, "DELETE", path, None, f"issue:{number}", f"pull:{number}")
        except NotFound:
            return

    async def ensure_label(self, repo: str, name: str, color: str, description: str) -> None:
        """Create the label unless there is one of that name, whatever its colour. color: six hex digits."""
        data = {"name": name, "color": color.removeprefix("#"), "description": description}
        try:
            await self._talk(repo, "POST", "/labels", data)
        except Refused as error:
            _tolerate(error, "already_exists")

    async def link_sub_issue(self, repo: str, number: int, sub_issue_id: str) -> None:
        """Put an issue (by its database id, from any repository of the owner) under this one; twice changes nothing."""
        data = {"sub_issue_id": int(sub_issue_id)}
        try:
            await self._talk(repo, "POST", f"/issues/{number}/sub_issues", data)
        except Refused as error:
            _tolerate(error, "duplicate sub-issues")

    async def open_pull(
        self, repo: str, head: str, base: str, title: str, body: str, *, draft: bool = False
    ) -> PullInfo:
        """head, base: branch names of this repository."""
        data = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        answer = await self._talk(repo, "POST", "/pulls", data, f"pull:{LIST}", f"issue:{LIST}")
        return decode(answer.body, shapes.PullShape).info()

    async def put_check(
        self,
        repo: str,
        sha: str,
        name: str,
        external_id: str,
        *,
        status: str,
        conclusion: str | None = None,
        title: str,
        summary: str,
        details_url: str | None = None,
        look: bool = True,
    ) -> str:
        """Set our check of that name on a commit, and give its id.

        GitHub keeps every run it is given and judges by the newest created, so an existing one is changed and not
        doubled. look: False when there can't be one yet, which saves looking for it.
        """
        data: dict[str, Any] = {"name": name, "external_id": external_id, "status": status}
        data["output"] = {"title": title, "summary": summary[:MAX_SUMMARY]}
        if conclusion is not None:
            data["conclusion"] = conclusion
        if details_url is not None:
            data["details_url"] = details_url
        ours = await self._our_run(repo, sha, name) if look else None
        method, path = ("PATCH", f"/check-runs/{ours.id}") if ours else ("POST", "/check-runs")
        answer = await self._write(
            repo, method, path, data if ours else {**data, "head_sha": sha}, CHECK, f"checks:{sha}"
        )
        return str(decode(answer.body, shapes.Created).id)

    async def merge(self, repo: str, number: int, sha: str, method: str, title: str) -> str:
        """Merge exactly that head commit and give the resulting one. method: merge, squash or rebase.

        The token is for this repository alone. 405 and 409 are Refused with GitHub's text, which tells them apart.
        """
        data = {"sha": sha, "merge_method": method, "commit_title": title}
        changed = ("pull", f"issue:{number}", "branch")
        answer = await self._write(repo, "PUT", f"/pulls/{number}/merge", data, MERGE, *changed, alone=True)
        found = decode(answer.body, shapes.Merged)
        if not found.merged or not found.sha:
            raise Refused(405, found.message or "it was not merged")
        return found.sha

    async def update_branch(self, repo: str, number: int, expected: str) -> None:
        """Have GitHub merge the base into the pull request's head, if that is still `expected`. It answers before it is
        done; 422 is Refused with its text.
        """
        data = {"expected_head_sha": expected}
        changed = (f"pull:{number}", f"issue:{number}", "branch")
        await self._write(repo, "PUT", f"/pulls/{number}/update-branch", data, MERGE, *changed, alone=True)

    async def assign(self, repo: str, number: int, login: str) -> None:
        """Put a person on an issue beside those who are; GitHub leaves out whoever can't be assigned."""
        await self._talk(repo, "POST", f"/issues/{number}/assignees", {"assignees": [login]}, f"issue:{number}")

    async def delete_branch(self, repo: str, branch: str) -> None:
        """Delete a branch; nothing happens when it is gone already."""
        path = f"/git/refs/{branch_path(branch)}"
        try:
            await self._write(repo, "DELETE", path, None, MERGE, f"branch:{branch}", "pull", alone=True)
        except Refused as error:
            _tolerate(error, "Reference does not exist")

    async def token(self, repo: str, permissions: Rights) -> str:
        """A token for git: this one repository and these permissions, good for at least ten minutes."""
        return await self._auth.token(await self._identity(repo, permissions, alone=True))

    async def find_issue(self, repo: str, marker: str, since: datetime) -> IssueInfo | None:
        """Our issue with that marker, changed since then. None is not proof: lists lag behind, so look twice, apart."""
        login = (await self._reads.app()).login
        found = await self._reads.issues_since(repo, since, login)
        return next((issue for issue in found if issue.author == login and marker in issue.body), None)

    async def find_comment(self, repo: str, number: int, marker: str) -> CommentInfo | None:
        """Our own comment with that marker: anybody can write the marker, but not in our name."""
        login = (await self._reads.app()).login
        found = await self._reads.comments(repo, number, fresh=True)
        return next((comment for comment in found if comment.author == login and marker in comment.body), None)

    async def find_pull(self, repo: str, head: str) -> PullInfo | None:
        """The pull request of that branch: the open one, else the newest."""
        found = await self._reads.pulls_with_head(repo, head, fresh=True)
        return next((pull for pull in found if pull.state == "open"), found[0] if found else None)

    async def _our_run(self, repo: str, sha: str, name: str) -> CheckInfo | None:
        ours = (await self._reads.app()).id
        runs = await self._reads.check_runs(repo, sha, only=name, fresh=True)
        return next((run for run in reversed(runs) if run.app_id == ours and run.name == name), None)

    async def _talk(self, repo: str, method: str, path: str, data: Any, *changed: str) -> Answer:
        return await self._write(repo, method, path, data, TALK, *changed)

    async def _write(
        self, repo: str, method: str, path: str, data: Any, rights: Rights, *changed: str, alone: bool = False
    ) -> Answer:
        body = b"" if data is None else msgspec.json.encode(data)
        request = Request(method, repo_path(repo) + path, await self._identity(repo, rights, alone=alone), body)
        self._stats.writes += 1
        try:
            return await self._sender.send(request)
        finally:
            for subject in changed:
                self._cache.invalidate(repo, subject)

    async def _identity(self, repo: str, rights: Rights, *, alone: bool) -> Identity:
        """Alone = for this repository only; links between repositories need the whole installation."""
        found = await self._reads.installation_of(repo)
        return Identity(found.id, (repo.partition("/")[2],) if alone else (), tuple(sorted(rights)))


def _tolerate(error: Refused, text: str) -> None:
    """Let a 422 pass that says the wish is already fulfilled."""
    if error.status != 422 or text not in error.message:
        raise error
