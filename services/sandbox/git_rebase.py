"""Rebasing without a worktree.

git 2.39 has neither `git replay` nor `merge-tree --merge-base`: so each commit is merged with a stand-in, a commit of
the new base's tree on the old commit's parent, which makes that parent the merge base.
"""

from typing import TYPE_CHECKING

from services.sandbox.git_values import Person

if TYPE_CHECKING:
    from services.sandbox.repositories import Repositories

LONGEST = 10_000
"""Commits that are looked at."""


def rebase(git: "Repositories", repo_id: int, onto: str, base: str, head: str, committer: Person) -> list[str] | None:
    """The commits of `base..head`, but merges and those that change nothing any more, on `onto`; None on a conflict."""
    new: list[str] = []
    tip = onto
    for commit in reversed(git.log(repo_id, head, exclude=base, limit=LONGEST)):
        if len(commit.parents) != 1:
            continue
        tree = git.tree_of(repo_id, tip)
        stand_in = git.commit_tree(repo_id, tree, commit.parents, "", committer, committer)
        merged = git.merge_tree(repo_id, stand_in, commit.sha)
        if merged.tree is None:
            return None
        if merged.tree != tree:
            tip = git.commit_tree(repo_id, merged.tree, [tip], commit.message, commit.author, committer)
            new.append(tip)
    return new
