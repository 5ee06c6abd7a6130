"""Everything Lockstep changes on GitHub through its API, each call with a token that can do little else.

GitHub has no idempotency key, so nothing here repeats a call. After an ambiguous failure (Unreachable) the engine's
outbox looks first: a check run, a branch or a merge has a natural key, an issue, a comment and a pull request are
found again by the `find_` functions. What a call may have changed is invalidated in the cache whether it succeeded or
not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from services.core.report import CheckReport
from services.errors import Refused
from services.github import said, shapes
from services.github.cache import LIST
from services.github.exchange import branch_path, decode, segment
from services.github.infos import CheckInfo, PullInfo
from services.github.known import annotation, tolerate
from services.github.queries import Change
from services.github.sending import Rights
from services.github.talk import Talk

CHECK: Rights = (("checks", "write"),)
MERGE: Rights = (("contents", "write"), ("pull_requests", "write"))
RERUN: Rights = (("actions", "write"),)
DISPATCH: Rights = (("contents", "write"),)
MAX_SUMMARY = 65_535
MAX_NOTES = 50
"""Annotations of one call."""


class Writes(Talk):
    """All changes: beside what is said, pull requests, their checks, branches."""

    async def open_pull(
        self, repo: str, head: str, base: str, title: str, body: str, *, draft: bool = False
    ) -> PullInfo:
        """head, base: branch names of this repository."""
        data = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        answer = await self._talk(repo, "POST", "/pulls", data, f"pull:{LIST}", f"issue:{LIST}")
        return decode(answer.body, shapes.PullShape).info()

    async def retarget(self, repo: str, number: int, base: str) -> None:
        """Have a pull request go into another branch of its repository; nothing happens when it does already."""
        await self._talk(repo, "PATCH", f"/pulls/{number}", {"base": base}, f"pull:{number}", f"issue:{number}")

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
        elif ours is not None and report.conclusion and (changed := await self._conclude_check(repo, ours, data)):
            return changed
        method, path = ("PATCH", f"/check-runs/{ours.id}") if ours else ("POST", "/check-runs")
        answer = await self._write(repo, method, path, data if ours else {**data, "head_sha": sha}, CHECK)
        return str(decode(answer.body, shapes.Created).id)

    async def _create_check(self, repo: str, sha: str, data: dict[str, Any]) -> str:
        """The id of a new check run that shared a call with others; "" when it could not."""
        node = (await self._reads.repository(repo)).node_id if self._batcher is not None else ""
        given = {"repositoryId": node, "headSha": sha, **_in_graphql(data)}
        change = Change("createCheckRun", given, "checkRun { databaseId }")
        made = await self._change(repo, node, CHECK, change)
        return str(made["checkRun"]["databaseId"]) if made is not None and made.get("checkRun") else ""

    async def _conclude_check(self, repo: str, ours: CheckInfo, data: dict[str, Any]) -> str:
        """The id of a check run of ours that was concluded by a call shared with others, as one merge may free many
        gates at once; "" when it could not be.
        """
        node = (await self._reads.repository(repo)).node_id if self._batcher is not None and ours.node_id else ""
        given = {"repositoryId": node, "checkRunId": ours.node_id, **_in_graphql(data)}
        change = Change("updateCheckRun", given, "checkRun { databaseId }")
        made = await self._change(repo, node, CHECK, change)
        return ours.id if made is not None and made.get("checkRun") else ""

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

    async def mark_ready(self, repo: str, number: int) -> None:
        """A pull request is a draft no more; nothing happens when it is none, or where only a person can say so."""
        node = (await self._reads.issue(repo, number)).node_id
        act = Change("markPullRequestReadyForReview", {"pullRequestId": node}, "pullRequest { id }")
        await self._change(repo, node, MERGE, act, f"pull:{number}", alone=True)

    async def enqueue(self, repo: str, number: int, sha: str, wanted: Callable[[], bool] | None = None) -> None:
        """Put a pull request with exactly that head into its base's merge queue; Refused with GitHub's text.  wanted:
        asked at the last moment, as of a merge; Withdrawn.
        """
        node = (await self._reads.issue(repo, number)).node_id
        act = Change("enqueuePullRequest", {"pullRequestId": node, "expectedHeadOid": sha}, "mergeQueueEntry { id }")
        if await self._change(repo, node, MERGE, act, f"pull:{number}", alone=True, wanted=wanted) is None:
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

    async def start_workflow(self, repo: str, workflow: str, branch: str, inputs: Mapping[str, str]) -> str:
        """Run a workflow as it stands on that branch; the id of its run, "" where GitHub does not tell."""
        data = {"ref": branch, "inputs": dict(inputs), "return_run_details": True}
        path = f"/actions/workflows/{segment(workflow)}/dispatches"
        answer = await self._write(repo, "POST", path, data, RERUN, alone=True)
        found = decode(answer.body, said.Started).workflow_run_id if answer.body else 0
        return str(found or "")

    async def cancel_workflow(self, repo: str, run_id: str) -> None:
        """End a workflow run; nothing happens when it is over."""
        try:
            await self._write(repo, "POST", f"/actions/runs/{segment(run_id)}/cancel", {}, RERUN, alone=True)
        except Refused as error:
            if error.status != 409:
                raise

    async def dispatch(self, repo: str, event_type: str, payload: Mapping[str, str]) -> None:
        """Start the workflows of a repository that listen for that type; GitHub does not tell which did."""
        data = {"event_type": event_type, "client_payload": dict(payload)}
        await self._write(repo, "POST", "/dispatches", data, DISPATCH, alone=True)

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

    async def find_pull(self, repo: str, head: str) -> PullInfo | None:
        """The pull request of that branch: the open one, else the newest."""
        found = await self._reads.pulls_with_head(repo, head, fresh=True)
        return next((pull for pull in found if pull.state == "open"), found[0] if found else None)

    async def _our_run(self, repo: str, sha: str, name: str) -> CheckInfo | None:
        ours = (await self._reads.app()).id
        runs = await self._reads.check_runs(repo, sha, only=name, fresh=True)
        return next((run for run in reversed(runs) if run.app_id == ours and run.name == name), None)


def _in_graphql(data: Mapping[str, Any]) -> dict[str, Any]:
    """What REST is told of a check run, in GraphQL's words."""
    given = {
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
    return given
