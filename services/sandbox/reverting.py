"""Taking a merged pull request back: a branch with one commit that undoes it on the base as it is now, and a pull
request for that. Only GraphQL has it.
"""

from typing import TYPE_CHECKING

from services.sandbox import mergeability, pulls
from services.sandbox.clock import stamp
from services.sandbox.git_values import ZERO, GitError
from services.sandbox.git_views import github, person_of
from services.sandbox.kernel import Problem
from services.sandbox.pull_views import the_pull
from services.sandbox.state import Issue

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

CONFLICT = "This pull request cannot be reverted automatically."


def revert(
    sandbox: "Sandbox",
    issue: Issue,
    actor: str,
    *,
    title: str | None = None,
    body: str | None = None,
    draft: bool = False,
    app_id: int = 0,
) -> Issue:
    """The new pull request; 422 for one that is not merged, and for a conflict with what came later."""
    from services.sandbox import pushes

    pull, repo, git = the_pull(issue), sandbox.state.repos[issue.repo_id], sandbox.git
    tip, merged = mergeability.base_tip(sandbox, issue), pull.merge_commit_sha
    if not pull.merged or tip is None or merged is None:
        raise Problem(422, "Pull request is not merged")
    who = person_of(sandbox.state, actor, stamp(sandbox.now()))
    undone = git.commit_tree(repo.id, git.tree_of(repo.id, _before(sandbox, issue, merged)), [merged], "", who, who)
    try:
        tree = git.merge_tree(repo.id, tip, undone).tree
    except GitError:
        tree = None
    if tree is None or tree == git.tree_of(repo.id, tip):
        raise Problem(422, CONFLICT)
    text = f'Revert "{issue.title}"\n\nThis reverts commit {merged}.'
    sha = git.commit_tree(repo.id, tree, [tip], text, who, github(who.date))
    branch = f"revert-{issue.number}-{pull.head_ref}"
    try:
        git.set_ref(repo.id, f"refs/heads/{branch}", sha, expected=ZERO)
    except GitError:
        raise Problem(422, CONFLICT) from None
    pushes.moved(sandbox, repo, f"refs/heads/{branch}", ZERO, sha, actor)
    return pulls.create(
        sandbox,
        repo,
        actor,
        head_repo=repo,
        head=branch,
        base=pull.base_ref,
        title=title or f'Revert "{issue.title}"',
        body=body or f"Reverts {repo.full_name}#{issue.number}",
        draft=draft,
        app_id=app_id,
    )


def _before(sandbox: "Sandbox", issue: Issue, merged: str) -> str:
    """The base as it was before the merge: one commit back, or as many as were put on it one by one."""
    git, repo_id, head = sandbox.git, issue.repo_id, the_pull(issue).head_sha
    own = git.log(repo_id, head, exclude=merged) or git.log(repo_id, head, limit=1)
    found = git.commit(repo_id, merged)
    back = len(own) if found is not None and len(found.parents) == 1 and found.message == own[0].message else 1
    at = merged
    for _ in range(back):
        step = git.commit(repo_id, at)
        if step is None or not step.parents:
            raise Problem(422, CONFLICT)
        at = step.parents[0]
    return at
