"""Links between issues: sub-issues (one parent, an order) and dependencies (blocked by, blocking).

Both go across repositories and are told twice, once for each side's repository. A closed child or blocker stays
linked; only the summaries on the issues change.
"""

from typing import TYPE_CHECKING

from services.sandbox import issue_views
from services.sandbox.issues import note
from services.sandbox.kernel import Json, Problem
from services.sandbox.state import Issue
from services.sandbox.views import repository

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

CHILDREN = 100
DEPTH = 8
DEPENDENCIES = 50
_FAILED = "An error occurred while adding the sub-issue to the parent issue. "


def add_child(
    sandbox: "Sandbox", parent: Issue, child: Issue, actor: str, *, replace_parent: bool = False, app_id: int = 0
) -> None:
    """Put `child` last under `parent`; 422 for duplicates, a second parent (unless replaced), a ring, or too many."""
    state = sandbox.state
    if child.id in parent.sub_issues:
        raise Problem(422, _FAILED + "Issue may not contain duplicate sub-issues")
    if child.parent and not replace_parent:
        raise Problem(422, _FAILED + "Sub issue may only have one parent")
    if state.repos[child.repo_id].owner != state.repos[parent.repo_id].owner:
        raise Problem(422, _FAILED + "Sub issue must belong to the same owner as its parent")
    if child.pull is not None or parent.pull is not None:
        raise Problem(422, _FAILED + "Sub issues may only be issues")
    above = _ancestors(sandbox, parent)
    if child.id in above:
        raise Problem(422, _FAILED + "Sub issue may not be its own ancestor")
    if len(parent.sub_issues) >= CHILDREN:
        raise Problem(422, _FAILED + f"Parent may not have more than {CHILDREN} sub-issues")
    if len(above) + _height(sandbox, child) > DEPTH:
        raise Problem(422, _FAILED + f"Sub issues may not be nested more than {DEPTH} levels deep")
    if child.parent:
        remove_child(sandbox, state.issues[child.parent], child, actor, app_id)
    parent.sub_issues.append(child.id)
    child.parent = parent.id
    note(sandbox, parent, "sub_issue_added", actor, app_id, sub_issue=child.id)
    note(sandbox, child, "parent_issue_added", actor, app_id, parent_issue=parent.id)
    _tell_family(sandbox, parent, child, "added", actor)


def _ancestors(sandbox: "Sandbox", issue: Issue) -> list[int]:
    """The issue and everything above it."""
    found = [issue.id]
    while issue.parent and issue.parent not in found:
        issue = sandbox.state.issues[issue.parent]
        found.append(issue.id)
    return found


def _height(sandbox: "Sandbox", issue: Issue) -> int:
    """Levels from here down, 1 for an issue without children."""
    rows, levels = [issue], 0
    while rows:
        levels += 1
        rows = [sandbox.state.issues[child] for row in rows for child in row.sub_issues]
    return levels


def remove_child(sandbox: "Sandbox", parent: Issue, child: Issue, actor: str, app_id: int = 0) -> None:
    if child.id not in parent.sub_issues:
        raise Problem(404, "The provided sub-issue does not exist")
    parent.sub_issues.remove(child.id)
    child.parent = 0
    note(sandbox, parent, "sub_issue_removed", actor, app_id, sub_issue=child.id)
    note(sandbox, child, "parent_issue_removed", actor, app_id, parent_issue=parent.id)
    _tell_family(sandbox, parent, child, "removed", actor)


def reorder(parent: Issue, child_id: int, after: int | None, before: int | None) -> None:
    """Move a child behind or before another; exactly one of them names a sibling (ids are database ids)."""
    neighbour = after if after is not None else before
    if (after is None) == (before is None) or neighbour == child_id:
        raise Problem(422, "Specify exactly one of after_id and before_id, and not the sub-issue itself")
    if child_id not in parent.sub_issues or neighbour not in parent.sub_issues:
        raise Problem(404, "The provided sub-issue does not exist")
    parent.sub_issues.remove(child_id)
    parent.sub_issues.insert(parent.sub_issues.index(neighbour) + (after is not None), child_id)


def _tell_family(sandbox: "Sandbox", parent: Issue, child: Issue, what: str, actor: str) -> None:
    state, base = sandbox.state, sandbox.public_url
    above, below = state.repos[parent.repo_id], state.repos[child.repo_id]
    both: dict[str, Json] = {
        "parent_issue_id": parent.id,
        "parent_issue": issue_views.issue(state, base, parent),
        "sub_issue_id": child.id,
        "sub_issue": issue_views.issue(state, base, child),
    }
    shown = repository(state, base, below)
    sandbox.emit("sub_issues", f"sub_issue_{what}", above, actor, **both, sub_issue_repo=shown)
    shown = repository(state, base, above)
    sandbox.emit("sub_issues", f"parent_issue_{what}", below, actor, **both, parent_issue_repo=shown)


def block(sandbox: "Sandbox", issue: Issue, blocker: Issue, actor: str, app_id: int = 0) -> None:
    """`issue` waits for `blocker`; 422 for pull requests, itself, twice, a ring, or more than fifty."""
    if blocker.pull is not None or issue.pull is not None:
        raise Problem(422, "Target issue may only be an issue")
    if blocker.id == issue.id:
        raise Problem(422, "An issue may not block itself")
    if blocker.id in issue.blocked_by:
        raise Problem(422, "Target issue has already been taken")
    if _waits_for(sandbox, blocker, issue.id):
        raise Problem(422, "Dependency would create a cycle")
    blocking = sum(blocker.id in other.blocked_by for other in sandbox.state.issues.values())
    if len(issue.blocked_by) >= DEPENDENCIES or blocking >= DEPENDENCIES:
        raise Problem(422, f"An issue may not have more than {DEPENDENCIES} dependencies of a kind")
    issue.blocked_by.append(blocker.id)
    note(sandbox, issue, "blocked_by_added", actor, app_id, blocked_by=blocker.id)
    note(sandbox, blocker, "blocking_added", actor, app_id, blocking=issue.id)
    _tell_dependency(sandbox, issue, blocker, "added", actor)


def _waits_for(sandbox: "Sandbox", issue: Issue, wanted: int) -> bool:
    """Is `wanted` among what this issue waits for, directly or not?"""
    seen, rows = {issue.id}, [issue.id]
    while rows:
        row = sandbox.state.issues.get(rows.pop())
        for blocker in row.blocked_by if row else []:
            if blocker == wanted:
                return True
            if blocker not in seen:
                seen.add(blocker)
                rows.append(blocker)
    return False


def unblock(sandbox: "Sandbox", issue: Issue, blocker: Issue, actor: str, app_id: int = 0) -> None:
    if blocker.id not in issue.blocked_by:
        raise Problem(404, "Not Found")
    issue.blocked_by.remove(blocker.id)
    note(sandbox, issue, "blocked_by_removed", actor, app_id, blocked_by=blocker.id)
    note(sandbox, blocker, "blocking_removed", actor, app_id, blocking=issue.id)
    _tell_dependency(sandbox, issue, blocker, "removed", actor)


def _tell_dependency(sandbox: "Sandbox", issue: Issue, blocker: Issue, what: str, actor: str) -> None:
    state, base = sandbox.state, sandbox.public_url
    blocked_in, blocking_in = state.repos[issue.repo_id], state.repos[blocker.repo_id]
    both: dict[str, Json] = {
        "blocked_issue_id": issue.id,
        "blocked_issue": issue_views.issue(state, base, issue),
        "blocking_issue_id": blocker.id,
        "blocking_issue": issue_views.issue(state, base, blocker),
    }
    shown = repository(state, base, blocking_in)
    sandbox.emit("issue_dependencies", f"blocked_by_{what}", blocked_in, actor, **both, blocking_issue_repo=shown)
    shown = repository(state, base, blocked_in)
    sandbox.emit("issue_dependencies", f"blocking_{what}", blocking_in, actor, **both, blocked_issue_repo=shown)
