"""May this be merged? Three answers, worked out only when somebody asks for the pull request.

The first GET after either side moved says null and starts the work; a later one has the answer
(`State.mergeable_nulls` says how many nulls there are). The word beside it is made afresh each time, from what the base
asks for and what the checks say.
"""

from typing import TYPE_CHECKING

from services.sandbox import requirements
from services.sandbox.clock import stamp
from services.sandbox.git_values import GitError
from services.sandbox.git_views import person_of
from services.sandbox.state import Issue, Pull

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def base_tip(sandbox: "Sandbox", issue: Issue) -> str | None:
    """Where the base branch stands now; None when it is gone."""
    return sandbox.git.resolve(issue.repo_id, f"refs/heads/{issue.pull.base_ref}") if issue.pull else None


def forget(pull: Pull) -> None:
    """Either side moved: the answer is null again. The old test merge stays in the record until there is a new one."""
    pull.mergeable, pull.mergeable_for, pull.asked = None, "", 0


def ask(sandbox: "Sandbox", issue: Issue) -> None:
    """What a GET of the single pull request does to its mergeability."""
    pull = issue.pull
    tip = base_tip(sandbox, issue)
    if pull is None or issue.state != "open" or tip is None:
        return
    sides = f"{pull.head_sha}:{tip}"
    if pull.mergeable_for not in {"", sides}:
        forget(pull)
    if pull.mergeable is None and pull.asked >= sandbox.state.mergeable_nulls:
        merged = test_merge(sandbox, issue)
        pull.mergeable, pull.mergeable_for, pull.merge_commit_sha = merged is not None, sides, merged
    pull.asked += 1


def test_merge(sandbox: "Sandbox", issue: Issue) -> str | None:
    """The merge of head into base as a commit (also `refs/pull/n/merge`), or None when the two conflict."""
    pull, tip, git = issue.pull, base_tip(sandbox, issue), sandbox.git
    if pull is None or tip is None:
        return None
    try:
        tree = git.merge_tree(issue.repo_id, tip, pull.head_sha).tree
    except GitError:
        return None
    if tree is None:
        return None
    known = git.commit(issue.repo_id, pull.merge_commit_sha) if pull.merge_commit_sha else None
    if known is not None and known.tree == tree and known.parents == [tip, pull.head_sha]:
        return known.sha
    who = person_of(sandbox.state, issue.user, stamp(sandbox.now()))
    sha = git.commit_tree(issue.repo_id, tree, [tip, pull.head_sha], f"Merge {pull.head_sha} into {tip}", who, who)
    git.set_ref(issue.repo_id, f"refs/pull/{issue.number}/merge", sha)
    return sha


def word(sandbox: "Sandbox", issue: Issue) -> str:
    """`mergeable_state`: the first that holds of unknown, dirty, draft, blocked, behind, unstable; else clean."""
    pull = issue.pull
    if pull is None or issue.state != "open" or pull.mergeable is None:
        return "unknown"
    if not pull.mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    if requirements.unmet(sandbox, issue):
        return "blocked"
    if requirements.is_behind(sandbox, issue):
        return "behind"
    return "unstable" if requirements.is_unstable(sandbox, issue) else "clean"
