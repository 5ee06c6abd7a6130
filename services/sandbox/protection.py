"""May this ref be moved directly? Branch protection, as far as it speaks about pushes; merging has its own judge."""

from typing import TYPE_CHECKING

from services.sandbox import auth
from services.sandbox.git import ZERO
from services.sandbox.kernel import Problem
from services.sandbox.state import Protection, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def refusal(sandbox: "Sandbox", repo: Repo, ref: str, new: str, rank: int, *, deleted: bool = False) -> str:
    """Why a direct change of a branch is refused; "" when it is not.

    Administrators pass unless the rules bind them too.
    """
    rules = repo.protection.get(ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else None
    if rules is None:
        return ""
    if deleted:
        return "Cannot delete this branch"
    if rank >= auth.rank("admin") and not rules.enforce_admins:
        return ""
    if rules.merge_queue:
        return "Changes must be made through the merge queue"
    if rules.approvals or rules.code_owners:
        return "Changes must be made through a pull request."
    missing = [name for name in rules.contexts if not _passed(sandbox, repo, rules, name, new)]
    if len(missing) == 1 and len(rules.contexts) == 1:
        return f'Required status check "{missing[0]}" is expected.'
    return f"{len(missing)} of {len(rules.contexts)} required status checks are expected." if missing else ""


def guard(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, rank: int) -> None:
    """409/422 for an API write that protection forbids; also a forced move of a protected branch."""
    if before == ZERO:
        return
    message = refusal(sandbox, repo, ref, after, rank, deleted=after == ZERO)
    if not message and after != ZERO and ref.removeprefix("refs/heads/") in repo.protection:
        message = "" if sandbox.git.contains(repo.id, after, before) else "Cannot force-push to this branch"
    if message:
        raise Problem(422 if after == ZERO else 409, message)


def _passed(sandbox: "Sandbox", repo: Repo, rules: Protection, name: str, sha: str) -> bool:
    state = sandbox.state
    runs = [r for r in state.check_runs.values() if r.repo_id == repo.id and r.head_sha == sha and r.name == name]
    if runs:
        newest = max(runs, key=lambda run: run.id)
        wanted = rules.app_ids.get(name, 0)
        return newest.conclusion in {"success", "neutral", "skipped"} and wanted in {0, -1, newest.app_id}
    statuses = [s for s in state.statuses.values() if s.repo_id == repo.id and s.sha == sha and s.context == name]
    return bool(statuses) and max(statuses, key=lambda status: status.id).state == "success"
