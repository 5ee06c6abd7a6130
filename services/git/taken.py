"""What somebody else committed on a branch, taken into a workspace as the result of an attempt.

The difference is git's own, from the workspace's base to the commit, with files that the repository ignores too. It is
held against the limits before any of it is written to the disk, and judged afterwards as anything an agent leaves.
"""

import asyncio

from services.core.paths import Change
from services.errors import GitError
from services.git.command import Place, check_sha
from services.git.mirror import Mirrors
from services.git.result import HostileResult, parse_changes, refuse_links, shown, survey
from services.git.workspace import DIFF, Workspace, with_sizes


async def began_at(mirrors: Mirrors, repo: str, tip: str, head: str) -> str:
    """The commit at which `head` left the branch that stands at `tip`; HostileResult where they share none."""
    at = Place(mirrors.path(repo))
    answer = await mirrors.git.ask("merge-base", check_sha(tip), check_sha(head), at=at)
    if answer.code != 0:
        raise HostileResult("it shares no commit with its base branch")
    return check_sha(answer.out.decode("ascii", "replace").strip())


async def take_in(workspace: Workspace, head: str) -> tuple[Change, ...]:
    """Change the files of a workspace that was just laid out to those of a commit that is in the mirror, and say what
    differs from the base. HostileResult for what is never committed, and for a commit that is not on top of the base.
    """
    git, at, base = workspace.mirrors.git, workspace.place, workspace.base
    above = await git.ask("merge-base", "--is-ancestor", base, check_sha(head), at=at)
    if above.code != 0:
        raise HostileResult(f"{head[:12]} is not on top of {base[:12]}, from which it was to begin")
    changes = parse_changes(await git.run("diff-tree", "-r", *DIFF, base, head, "--", at=at))
    refuse_links(changes)
    sized = await _sized(workspace, head, changes)
    laid = await git.ask("read-tree", "-m", "-u", base, head, at=at)
    if laid.code != 0:
        raise GitError(f"the files of {head[:12]} cannot be laid out: {laid.err}")
    found = await asyncio.to_thread(survey, workspace.files, workspace.limits)
    if found.odd:  # links that were there before are laid out as plain files
        path, what = next(iter(found.odd.items()))
        raise HostileResult(f"{shown(path)} is {what}")
    return sized


async def _sized(workspace: Workspace, head: str, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes with their sizes, none of them over the limits."""
    limits = workspace.limits
    if len(changes) > limits.changed:
        raise HostileResult(f"more than {limits.changed} files changed")
    present = [change.path for change in changes if change.kind != "deleted"]
    asked = "".join(f"{head}:{path}\n" for path in present).encode()
    out = b""
    if present:
        form = "--batch-check=%(objectsize)"
        out = await workspace.mirrors.git.run("cat-file", form, at=workspace.place, stdin=asked)
    sizes = dict(zip(present, (int(line) for line in out.split()), strict=True))
    total = 0
    for path, size in sizes.items():
        total += size
        if size > limits.file_bytes or total > limits.total_bytes:
            allowed = f"bytes allowed: {limits.file_bytes} a file, {limits.total_bytes} in all"
            raise HostileResult(f"{shown(path)} is too big ({allowed})")
    return with_sizes(changes, sizes)
