"""The merge queue of a branch: pull requests wait in line, and each is tried on top of the base before it goes in.

A group here is one pull request: the first in line gets a branch `gh-readonly-queue/<base>/pr-<n>-<base sha>`, the
required checks must be reported on *that* commit, and then the base moves to it. When the base moves otherwise, the
group is built anew.
"""

from typing import TYPE_CHECKING

from services.sandbox import check_views, checks, requirements
from services.sandbox.clock import stamp
from services.sandbox.git_values import ZERO
from services.sandbox.git_views import github
from services.sandbox.issues import tell
from services.sandbox.kernel import Problem
from services.sandbox.pull_views import head_label, the_pull
from services.sandbox.state import Issue, QueueEntry, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

BOT = "github-merge-queue[bot]"


def entry_of(sandbox: "Sandbox", issue: Issue) -> QueueEntry | None:
    return next((entry for entry in sandbox.state.queue if entry.issue_id == issue.id), None)


def enqueue(sandbox: "Sandbox", issue: Issue, actor: str, *, jump: bool = False) -> QueueEntry:
    """Put a pull request in line, at the front with `jump`; 422 when it may not be there."""
    pull, state = the_pull(issue), sandbox.state
    rules = requirements.protection(sandbox, issue)
    if rules is None or not rules.merge_queue:
        raise Problem(422, "Merge queue is not enabled for this branch")
    if issue.state != "open" or pull.draft:
        raise Problem(422, "Pull request is a draft" if pull.draft else "Pull request is closed")
    if entry_of(sandbox, issue) is not None:
        raise Problem(422, "Pull request is already in the queue")
    if unmet := requirements.unmet(sandbox, issue):
        raise Problem(422, unmet[0])
    entry = QueueEntry(
        id=state.new_id(),
        repo_id=issue.repo_id,
        issue_id=issue.id,
        base=pull.base_ref,
        pull_sha=pull.head_sha,
        actor=actor,
        created_at=stamp(sandbox.now()),
    )
    state.queue.insert(0 if jump else len(state.queue), entry)
    tell(sandbox, issue, "enqueued", actor)
    look(sandbox, state.repos[issue.repo_id])
    return entry


def leave(sandbox: "Sandbox", entry: QueueEntry, reason: str, actor: str) -> None:
    """Out of the line without a merge; its group, when it has one, goes with it."""
    sandbox.state.queue.remove(entry)
    tell(sandbox, sandbox.state.issues[entry.issue_id], "dequeued", actor, reason=reason)
    _destroy(sandbox, entry, "dequeued" if reason == "MANUAL" else "invalidated")


def look(sandbox: "Sandbox", repo: Repo) -> None:
    """Something moved or was said in this repository: carry its queues on until they have to wait."""
    for base in sorted({entry.base for entry in sandbox.state.queue if entry.repo_id == repo.id}):
        while _step(sandbox, repo, base):
            pass


def _step(sandbox: "Sandbox", repo: Repo, base: str) -> bool:
    """One change to one queue; False when it has to wait."""
    line = [e for e in sandbox.state.queue if (e.repo_id, e.base) == (repo.id, base)]
    for entry in line:
        issue = sandbox.state.issues[entry.issue_id]
        pull = the_pull(issue)
        if issue.state != "open" or (pull.head_sha, pull.base_ref) != (entry.pull_sha, base):
            leave(sandbox, entry, "MANUAL", entry.actor)
            return True
    tip = sandbox.git.refs(repo.id).get(f"refs/heads/{base}", "")
    # A jumped entry is built on the base while the one it overtook has a group: that one is built again later.
    for late in line[1:]:
        if late.head_sha:
            _destroy(sandbox, late, "invalidated")
            return True
    if not line:
        return False
    first = line[0]
    if first.head_sha and first.base_sha != tip:
        _destroy(sandbox, first, "invalidated")
        return True
    return _judge(sandbox, repo, first) if first.head_sha else _build(sandbox, repo, first, tip)


def _build(sandbox: "Sandbox", repo: Repo, entry: QueueEntry, tip: str) -> bool:
    """Make the group's commit and branch, and ask for its checks."""
    from services.sandbox import actions, pushes

    issue = sandbox.state.issues[entry.issue_id]
    tree = sandbox.git.merge_tree(repo.id, tip, entry.pull_sha).tree
    if tree is None:
        leave(sandbox, entry, "MERGE_CONFLICT", BOT)
        return True
    who = github(stamp(sandbox.now()))
    text = (
        f"Merge pull request #{issue.number} from {head_label(sandbox.state, issue).replace(':', '/')}\n\n{issue.title}"
    )
    entry.head_sha = sandbox.git.commit_tree(repo.id, tree, [tip, entry.pull_sha], text, who, who)
    entry.base_sha, entry.ref = tip, f"refs/heads/gh-readonly-queue/{entry.base}/pr-{issue.number}-{tip}"
    sandbox.git.set_ref(repo.id, entry.ref, entry.head_sha, ZERO)
    pushes.moved(sandbox, repo, entry.ref, ZERO, entry.head_sha, BOT)
    if not entry.head_sha:
        return True  # nothing was required: that push has merged it already
    sandbox.emit("merge_group", "checks_requested", repo, BOT, merge_group=_view(sandbox, repo, entry))
    actions.trigger(
        sandbox, repo, "merge_group", ref=entry.ref, sha=entry.head_sha, actor=BOT, action="checks_requested"
    )
    return True


def _judge(sandbox: "Sandbox", repo: Repo, entry: QueueEntry) -> bool:
    """Merge when all that is required passed on the group's commit; out when one failed; else wait."""
    rules = repo.protection.get(entry.base)
    lacking = requirements.lacking(rules, checks.rollup(sandbox, repo, entry.head_sha)) if rules is not None else {}
    if "is failing" in lacking.values():
        leave(sandbox, entry, "CI_FAILURE", BOT)
        return True
    if lacking:
        return False
    _merge(sandbox, repo, entry)
    return True


def _merge(sandbox: "Sandbox", repo: Repo, entry: QueueEntry) -> None:
    from services.sandbox import merging

    issue = sandbox.state.issues[entry.issue_id]
    sandbox.state.queue.remove(entry)
    sandbox.git.set_ref(repo.id, f"refs/heads/{entry.base}", entry.head_sha, entry.base_sha)
    tell(sandbox, issue, "dequeued", BOT, reason="MERGE")
    merging.follow(sandbox, issue, entry.base_sha, entry.head_sha, BOT, "merge_queue_merge")
    _destroy(sandbox, entry, "merged")


def _destroy(sandbox: "Sandbox", entry: QueueEntry, reason: str) -> None:
    """The group's branch goes; "destroyed" comes on success too."""
    from services.sandbox import pushes

    if not entry.head_sha:
        return
    repo = sandbox.state.repos[entry.repo_id]
    view, ref, sha = _view(sandbox, repo, entry), entry.ref, entry.head_sha
    entry.head_sha = entry.base_sha = entry.ref = ""
    sandbox.emit("merge_group", "destroyed", repo, BOT, merge_group=view, reason=reason)
    sandbox.git.delete_ref(repo.id, ref)
    pushes.moved(sandbox, repo, ref, sha, ZERO, BOT)


def _view(sandbox: "Sandbox", repo: Repo, entry: QueueEntry) -> dict[str, object]:
    return {
        "head_sha": entry.head_sha,
        "head_ref": entry.ref,
        "base_sha": entry.base_sha,
        "base_ref": f"refs/heads/{entry.base}",
        "head_commit": check_views.simple_commit(sandbox, repo, entry.head_sha),
    }
