"""What Lockstep writes where people read and talk: issues, comments, labels, and what ties issues together."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec

from services.errors import NotFound, Refused
from services.github import shapes
from services.github.cache import LIST
from services.github.exchange import decode, segment
from services.github.infos import CommentInfo, IssueInfo
from services.github.known import tolerate
from services.github.queries import Change, issue_body
from services.github.sending import TALK, Sending

MADE = """issue { id fullDatabaseId number title body state url updatedAt
  author { login __typename } labels(first: 10) { nodes { name } } }"""


class Talk(Sending):
    """Issues and what is said on them."""

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
        is_known = bool(label and self._known.label_ids(repo, (label,)))
        node = await self._node_of(repo, number) if is_known else ""
        if node:
            change = Change("closeIssue", {"issueId": node, "stateReason": reason.upper()}, MADE)
            closed, labelled = await asyncio.gather(
                self._change(repo, node, TALK, change, f"issue:{number}"),
                self._change_labels("addLabelsToLabelable", repo, number, (label,)),
                return_exceptions=True,
            )
            for end in (closed, labelled):
                if isinstance(end, BaseException) and not isinstance(end, NotFound):
                    raise end
            if isinstance(closed, Mapping) and labelled is True:
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

    async def assign(self, repo: str, number: int, *logins: str) -> None:
        """Put people on an issue beside those who are; GitHub leaves out whoever can't be assigned."""
        await self._talk(repo, "POST", f"/issues/{number}/assignees", {"assignees": logins}, f"issue:{number}")

    async def _node_of(self, repo: str, number: int) -> str:
        """The global id of an issue, asked for once."""
        if self._batcher is None:
            return ""
        known = self._known.nodes.get((repo, number), "")
        if not known and (known := (await self._reads.issue(repo, number)).node_id):
            self._known.nodes[repo, number] = known
        return known

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
