"""Everything Lockstep changes on GitHub through its API, each call with a token that can do little else.

GitHub has no idempotency key, so nothing here repeats a call. After an ambiguous failure (Unreachable) the engine's
outbox looks first: a check run, a branch or a merge has a natural key, an issue, a comment and a pull request are
found again by the `find_` functions. What a call may have changed is invalidated in the cache whether it succeeded or
not.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from services.core.admission import Rank
from services.core.report import CheckReport
from services.errors import NotFound, Refused
from services.github import shapes
from services.github.auth import Auth
from services.github.batch import Batcher
from services.github.cache import LIST, Cache
from services.github.exchange import Answer, Identity, Request, Sender, Stats, branch_path, decode, repo_path, segment
from services.github.infos import CheckInfo, CommentInfo, IssueInfo, PullInfo
from services.github.known import Known, annotation, tolerate
from services.github.queries import Change, issue_body
from services.github.reads import Reads

Rights = tuple[tuple[str, str], ...]

TALK: Rights = (("contents", "read"), ("issues", "write"), ("pull_requests", "write"))
CHECK: Rights = (("checks", "write"),)
MERGE: Rights = (("contents", "write"), ("pull_requests", "write"))
RERUN: Rights = (("actions", "write"),)
MAX_SUMMARY = 65_535
MAX_NOTES = 50
"""Annotations of one call."""
MADE = """issue { id fullDatabaseId number title body state url updatedAt
  author { login __typename } labels(first: 10) { nodes { name } } }"""


class Writes:
    """Changes.

    Errors: NotFound, Refused (with GitHub's text), RateLimited (nothing was done), Unreachable (look first).
    """

    def __init__(
        self,
        reads: Reads,
        sender: Sender,
        auth: Auth,
        cache: Cache,
        stats: Stats,
        batcher: Batcher | None = None,
        rank: Rank = "event",
        known: Known | None = None,
    ) -> None:
        """batcher: None makes each change by a call of its own.  rank: how urgent these changes are."""
        self._reads = reads
        self._sender = sender
        self._auth = auth
        self._cache = cache
        self._stats = stats
        self._batcher = batcher
        self._rank = rank
        self._known = known or Known()

    def ranked(self, rank: Rank) -> "Writes":
        """The same, more or less urgent."""
        reads = self._reads.ranked(rank)
        return Writes(reads, self._sender, self._auth, self._cache, self._stats, self._batcher, rank, self._known)

    async def create_issue(self, repo: str, title: str, body: str) -> IssueInfo:
        """Of many that are made at the same time, those of one installation share calls."""
        node = (await self._reads.repository(repo)).node_id if self._batcher is not None else ""
        given = {"repositoryId": node, "title": title, "body": body}
        made = await self._change(repo, node, TALK, Change("createIssue", given, MADE, 1), f"issue:{LIST}")
        if made is not None:
            text = issue_body(made["issue"])
        else:
            data = {"title": title, "body": body}
            text = (await self._talk(repo, "POST", "/issues", data, f"issue:{LIST}")).body
        info = decode(text, shapes.IssueShape).info()
        if info.node_id:
            self._known.nodes[repo, info.number] = info.node_id
        return info

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
        """On an issue or a pull request; labels that are already there stay, and such as are nowhere are made."""
        if not labels or await self._change_labels("addLabelsToLabelable", repo, number, labels):
            return
        send = partial(
            self._talk,
            repo,
            "POST",
            f"/issues/{number}/labels",
            {"labels": labels},
            f"issue:{number}",
            f"pull:{number}",
        )
        async with self._known.learning(repo):
            is_known = bool(self._known.label_ids(repo, labels))  # somebody may just have found out
            if not is_known:
                self._known.hear_labels(repo, (await send()).body)
        if is_known and not await self._change_labels("addLabelsToLabelable", repo, number, labels):
            await send()

    async def remove_label(self, repo: str, number: int, name: str) -> None:
        """Take a label off; nothing happens when it is not there."""
        if await self._change_labels("removeLabelsFromLabelable", repo, number, (name,)):
            return
        path = f"/issues/{number}/labels/{segment(name)}"
        try:
            await self._talk(repo, "DELETE", path, None, f"issue:{number}", f"pull:{number}")
        except NotFound:
            return

    async def _change_labels(self, act: str, repo: str, number: int, names: tuple[str, ...]) -> bool:
        """The same for many issues at a time, where nothing has to be asked for it."""
        ids, node = self._known.label_ids(repo, names), self._known.nodes.get((repo, number), "")
        if not ids or not node:
            return False
        given = Change(act, {"labelableId": node, "labelIds": ids}, "clientMutationId")
        try:
            changed = await self._change(repo, node, TALK, given, f"issue:{number}", f"pull:{number}")
        except NotFound:  # somebody has deleted one of them
            for name in names:
                self._known.labels.pop((repo, name.lower()), None)
            return False
        return changed is not None

    async def ensure_label(self, repo: str, name: str, color: str, description: str) -> None:
        """Create the label unless there is one of that name, whatever its colour. color: six hex digits."""
        if (
            repo,
            name.lower(),
        ) in self._known.labels:  # once a process: who deletes it meanwhile gets it back uncoloured
            return
        data = {"name": name, "color": color.removeprefix("#"), "description": description}
        try:
            made = await self._talk(repo, "POST", "/labels", data)
        except Refused as error:
            tolerate(error, "already_exists")
            self._known.labels[repo, name.lower()] = ""
        else:
            self._known.labels[repo, name.lower()] = decode(made.body, shapes.Noded).node_id

    async def close_issue(self, repo: str, number: int, reason: str, label: str) -> IssueInfo:
        """Close an issue and put a label on it that is known to be there; the issue as it is now.

        reason: completed or not_planned.
        """
        known = self._known.labels.get((repo, label.lower()), "") if label else ""
        node = await self._node_of(repo, number) if known else ""
        if known and node:
            given = {"issueId": node, "stateReason": reason.upper()}
            puts = Change("addLabelsToLabelable", {"labelableId": node, "labelIds": [known]}, "clientMutationId")
            both = (Change("closeIssue", given, MADE), puts)
            closed, labelled = await asyncio.gather(
                *(self._change(repo, node, TALK, each, f"issue:{number}") for each in both), return_exceptions=True
            )
            for end in (closed, labelled):
                if isinstance(end, NotFound):
                    self._known.labels.pop((repo, label.lower()), None)  # somebody has deleted it, or the issue
                elif isinstance(end, BaseException):
                    raise end
            if isinstance(closed, Mapping) and isinstance(labelled, Mapping):
                info = decode(issue_body(closed["issue"]), shapes.IssueShape).info()
                return msgspec.structs.replace(info, labels=tuple(dict.fromkeys((*info.labels, label))))
        return await self.edit_issue(repo, number, state="closed", state_reason=reason)

    async def link_sub_issue(self, repo: str, number: int, sub_issue: IssueInfo) -> None:
        """Put an issue (from any repository of the owner) under this one; twice changes nothing."""
        try:
            parent = await self._node_of(repo, number) if sub_issue.node_id else ""
            given = {"issueId": parent, "subIssueId": sub_issue.node_id}
            change = Change("addSubIssue", given, "subIssue { id }")
            if await self._change(repo, parent, TALK, change) is None:
                data = {"sub_issue_id": int(sub_issue.id)}
                await self._talk(repo, "POST", f"/issues/{number}/sub_issues", data)
        except Refused as error:
            tolerate(error, "duplicate sub-issues")

    async def block_issue(self, repo: str, number: int, blocker: IssueInfo) -> None:
        """Say that an issue waits for another one (of any repository of the owner); twice changes nothing."""
        try:
            data = {"issue_id": int(blocker.id)}
            await self._talk(repo, "POST", f"/issues/{number}/dependencies/blocked_by", data)
        except Refused as error:
            tolerate(error, "already been taken")

    async def _node_of(self, repo: str, number: int) -> str:
        """The global id of an issue, asked for once."""
        if self._batcher is None:
            return ""
        known = self._known.nodes.get((repo, number), "")
        if not known and (known := (await self._reads.issue(repo, number)).node_id):
            self._known.nodes[repo, number] = known
        return known

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
        report: CheckReport,
        *,
        details_url: str | None = None,
        look: bool = True,
    ) -> str:
        """Set our check of that name on a commit, and give its id.

        GitHub keeps every run it is given and judges by the newest created, so an existing one is changed and not
        doubled. look: False when there can't be one yet, which saves looking for it. What is known of the checks stays
        as good as it was: ours are no part of any verdict.
        """
        data: dict[str, Any] = {"name": name, "external_id": external_id, "status": report.status}
        data["output"] = {"title": report.title, "summary": report.summary[:MAX_SUMMARY]}
        shown = [annotation(note) for note in report.notes[:MAX_NOTES]]
        if report.conclusion:
            data["conclusion"] = report.conclusion
        if details_url is not None:
            data["details_url"] = details_url
        if report.buttons:
            data["actions"] = msgspec.to_builtins(report.buttons)
        ours = await self._our_run(repo, sha, name) if look else None
        if shown and ours is None:  # annotations are only ever added, so a run that is there has them already
            data["output"]["annotations"] = shown
        elif ours is None and (made := await self._create_check(repo, sha, data)):
            return made
        method, path = ("PATCH", f"/check-runs/{ours.id}") if ours else ("POST", "/check-runs")
        answer = await self._write(repo, method, path, data if ours else {**data, "head_sha": sha}, CHECK)
        return str(decode(answer.body, shapes.Created).id)

    async def _create_check(self, repo: str, sha: str, data: dict[str, Any]) -> str:
        """The id of a new check run that shared a call with others; "" when it could not."""
        node = (await self._reads.repository(repo)).node_id if self._batcher is not None else ""
        given = {
            "repositoryId": node,
            "headSha": sha,
            "name": data["name"],
            "externalId": data["external_id"],
            "status": data["status"].upper(),
            "output": data["output"],
            **({"actions": data["actions"]} if "actions" in data else {}),
        }
        if "conclusion" in data:
            given["conclusion"] = data["conclusion"].upper()
        if "details_url" in data:
            given["detailsUrl"] = data["details_url"]
        change = Change("createCheckRun", given, "checkRun { databaseId }")
        made = await self._change(repo, node, CHECK, change)
        return str(made["checkRun"]["databaseId"]) if made is not None and made.get("checkRun") else ""

    async def merge(
        self, repo: str, number: int, sha: str, method: str, title: str, wanted: Callable[[], bool] | None = None
    ) -> str:
        """Merge exactly that head commit and give the resulting one. method: merge, squash or rebase.  wanted: asked at
        the last moment; Withdrawn when it is not, or when it would have to wait.

        The token is for this repository alone. 405 and 409 are Refused with GitHub's text, which tells them apart.
        """
        data = {"sha": sha, "merge_method": method, "commit_title": title}
        changed = ("pull", f"issue:{number}", "branch")
        path = f"/pulls/{number}/merge"
        answer = await self._write(repo, "PUT", path, data, MERGE, *changed, alone=True, wanted=wanted)
        found = decode(answer.body, shapes.Merged)
        if not found.merged or not found.sha:
            raise Refused(405, found.message or "it was not merged")
        return found.sha

    async def revert_pull(self, repo: str, number: int, title: str, body: str) -> int:
        """Have GitHub open the pull request that takes a merged one back, and give its number; Refused when it can't,
        as when later commits have changed the same lines.
        """
        node = (await self._reads.issue(repo, number)).node_id
        given = {"pullRequestId": node, "title": title, "body": body}
        act = Change("revertPullRequest", given, "revertPullRequest { number }", 1)
        made = await self._change(repo, node, MERGE, act, f"pull:{LIST}", f"issue:{LIST}", alone=True)
        if made is None:
            raise Refused(403, "it takes GitHub's GraphQL API, which can't be used now")
        return int(made["revertPullRequest"]["number"])

    async def enqueue(self, repo: str, number: int, sha: str) -> None:
        """Put a pull request with exactly that head into its base's merge queue; Refused with GitHub's text."""
        node = (await self._reads.issue(repo, number)).node_id
        act = Change("enqueuePullRequest", {"pullRequestId": node, "expectedHeadOid": sha}, "mergeQueueEntry { id }")
        if await self._change(repo, node, MERGE, act, f"pull:{number}", alone=True) is None:
            raise Refused(403, "it takes GitHub's GraphQL API, which can't be used now")

    async def dequeue(self, repo: str, number: int) -> None:
        """Take a pull request out of its base's merge queue; Refused when it is in none."""
        node = (await self._reads.issue(repo, number)).node_id
        act = Change("dequeuePullRequest", {"id": node}, "mergeQueueEntry { id }")
        if await self._change(repo, node, MERGE, act, f"pull:{number}", alone=True) is None:
            raise Refused(403, "it takes GitHub's GraphQL API, which can't be used now")

    async def update_branch(self, repo: str, number: int, expected: str) -> None:
        """Have GitHub merge the base into the pull request's head, if that is still `expected`. It answers before it is
        done; 422 is Refused with its text.
        """
        data = {"expected_head_sha": expected}
        changed = (f"pull:{number}", f"issue:{number}", "branch")
        await self._write(repo, "PUT", f"/pulls/{number}/update-branch", data, MERGE, *changed, alone=True)

    async def rerun_failed(self, repo: str, sha: str, run_id: str) -> None:
        """Run the failed jobs of a workflow run on that commit once more; 403 is Refused with GitHub's text."""
        path = f"/actions/runs/{segment(run_id)}/rerun-failed-jobs"
        await self._write(repo, "POST", path, {}, RERUN, f"checks:{sha}", f"suites:{sha}", alone=True)

    async def assign(self, repo: str, number: int, *logins: str) -> None:
        """Put people on an issue beside those who are; GitHub leaves out whoever can't be assigned."""
        await self._talk(repo, "POST", f"/issues/{number}/assignees", {"assignees": logins}, f"issue:{number}")

    async def create_commit(self, repo: str, message: str, tree: str, parents: Sequence[str]) -> str:
        """A commit that no branch leads to yet; its sha."""
        data = {"message": message, "tree": tree, "parents": list(parents)}
        answer = await self._write(repo, "POST", "/git/commits", data, MERGE, alone=True)
        return decode(answer.body, shapes.Sha).sha

    async def put_branch(self, repo: str, branch: str, sha: str) -> None:
        """A branch of the bot's own, at this commit whatever it was at before."""
        try:
            data = {"ref": f"refs/heads/{branch}", "sha": sha}
            await self._write(repo, "POST", "/git/refs", data, MERGE, f"branch:{branch}", alone=True)
        except Refused as error:
            tolerate(error, "Reference already exists")
            path, moved = f"/git/refs/{branch_path(branch)}", {"sha": sha, "force": True}
            await self._write(repo, "PATCH", path, moved, MERGE, f"branch:{branch}", alone=True)

    async def delete_branch(self, repo: str, branch: str) -> None:
        """Delete a branch; nothing happens when it is gone already."""
        path = f"/git/refs/{branch_path(branch)}"
        try:
            await self._write(repo, "DELETE", path, None, MERGE, f"branch:{branch}", "pull", alone=True)
        except Refused as error:
            tolerate(error, "Reference does not exist")

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

    async def _change(
        self, repo: str, node: str, rights: Rights, change: Change, *changed: str, alone: bool = False
    ) -> Mapping[str, Any] | None:
        """One change among others of the same call; None when it has to be made by itself, and nothing was done.

        node: the global id of what it is about, "" when that is not known.
        """
        if self._batcher is None or not node:
            return None
        identity = await self._identity(repo, rights, alone=alone)
        try:
            return await self._batcher.change(identity, self._rank, change)
        finally:
            for subject in changed:
                self._cache.wrote(repo, subject, None)

    async def _write(
        self,
        repo: str,
        method: str,
        path: str,
        data: Any,
        rights: Rights,
        *changed: str,
        alone: bool = False,
        wanted: Callable[[], bool] | None = None,
    ) -> Answer:
        body = b"" if data is None else msgspec.json.encode(data)
        identity = await self._identity(repo, rights, alone=alone)
        request = Request(method, repo_path(repo) + path, identity, body, rank=self._rank, wanted=wanted)
        self._stats.writes += 1
        at = None
        try:
            answer = await self._sender.send(request)
            at = answer.date
            return answer
        finally:
            for subject in changed:
                self._cache.wrote(repo, subject, at)

    async def _identity(self, repo: str, rights: Rights, *, alone: bool) -> Identity:
        """Alone = for this repository only; links between repositories need the whole installation. GitHub answers to a
        name that the repository had before, but gives no token for it.
        """
        found = await self._reads.installation_of(repo)
        names = (self._reads.known_name(repo).partition("/")[2],) if alone else ()
        return Identity(found.id, names, tuple(sorted(rights)))
