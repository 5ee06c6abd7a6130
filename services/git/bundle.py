"""A commit of an attempt as bytes, and back: what an agent has done outlives the machine it was done on.

Only what the base does not have is packed. Reading it back trusts nothing: git checks the pack and every object in it,
the objects stay in the attempt's own store, and the files are then judged exactly as if the agent had just left them.
"""

import asyncio
import shutil
from dataclasses import replace

from services.errors import GitError
from services.git.command import MAX_OUTPUT, TooMuchOutput, check_sha
from services.git.workspace import Workspace


class DamagedBundle(GitError):
    """The bytes are not that commit on top of that base."""


async def bundle(workspace: Workspace, sha: str) -> bytes | None:
    """A thin pack of a commit of this workspace, without what its base has; None when it is too big to be kept.

    It is not compressed: whoever stores it does that, better and in less time.
    """
    wanted = f"{check_sha(sha)}\n^{workspace.base}\n".encode()
    try:
        return await workspace.mirrors.git.run(
            "pack-objects", "--quiet", "--revs", "--thin", "--delta-base-offset", "--compression=0", "--threads=1",
            "--stdout", at=workspace.place, stdin=wanted,
        )  # fmt: skip
    except TooMuchOutput:
        return None


async def unbundle(workspace: Workspace, sha: str, packed: bytes) -> None:
    """Take the commit in and change the files of a workspace that was just laid out to its. DamagedBundle, GitError."""
    git, at = workspace.mirrors.git, workspace.place
    limit = f"--max-input-size={MAX_OUTPUT}"
    taken = await git.ask("index-pack", "--stdin", "--fix-thin", "--strict", limit, at=at, stdin=packed)
    if taken.code != 0:
        raise DamagedBundle(f"the kept commit of {workspace.repo} cannot be read: {taken.err}")
    await restore(workspace, sha)


async def restore(workspace: Workspace, sha: str) -> None:
    """Change the files of a workspace that was just laid out to those of a commit on its base. DamagedBundle."""
    git, at = workspace.mirrors.git, workspace.place
    found = await git.ask("rev-list", "--parents", "--max-count=1", check_sha(sha), "--", at=at)
    if found.out.decode("ascii", "replace").split() != [sha, workspace.base]:
        raise DamagedBundle(f"the kept commit of {workspace.repo} is not one on top of {workspace.base[:12]}")
    aside = workspace.home / "restored-index"  # the workspace's own goes on to know the base's files
    await asyncio.to_thread(shutil.copyfile, workspace.home / "index", aside)
    laid = await git.ask("read-tree", "-m", "-u", workspace.base, sha, at=replace(at, index=aside))
    if laid.code != 0:
        raise DamagedBundle(f"the kept files of {workspace.repo} cannot be laid out: {laid.err}")


async def took_in(workspace: Workspace, sha: str) -> bool:
    """Is what `changes` took in exactly what the commit holds? A link, for one, comes back as a plain file."""
    git, at = workspace.mirrors.git, workspace.place
    taken = await git.run("write-tree", at=at)
    return taken == await git.run("rev-parse", "--verify", "--quiet", f"{check_sha(sha)}^{{tree}}", at=at)


async def left_ignored(workspace: Workspace) -> bool:
    """Did somebody leave files that git ignores (a build, packages, caches)? They are in no commit."""
    try:
        listed = await workspace.mirrors.git.run(
            "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", at=workspace.place
        )
    except TooMuchOutput:
        return True
    return bool(listed)
