"""Taking over what an earlier attempt has made: its head is merged with what the base is by now, in the workspace.

git merges (`merge-tree`); what it can't is resolved file by file as it was before, where that is known, and by the
rules of `core/resolve.py`, which answer only where the outcome follows from the three texts. Everything stays in the
attempt's own object store, no file is opened by its name here, and the result is judged afterwards like anything an
agent leaves.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from services.core.conflict import Lines
from services.core.proof import undoes
from services.core.remembered import ids, of_texts
from services.core.resolve import Outcome, resolve
from services.errors import GitError
from services.git.command import TooMuchOutput, check_sha
from services.git.result import HostileResult, decoded
from services.git.workspace import Workspace

MOST = 200
"""Files in conflict that are looked at."""
MOST_BYTES = 4_000_000
Sides = tuple[str, str, str]
"""The blobs of a file in conflict: where both began, the base's, the head's; "" for none."""
Recall = Callable[[Collection[str]], Awaitable[Mapping[str, Lines]]]
"""Of hunks, by their ids, those whose resolution is known."""
PLAIN = frozenset({"100644", "100755"})
_NOBODY = {
    f"GIT_{who}_{what}": said
    for who in ("AUTHOR", "COMMITTER")
    for what, said in (("NAME", "nobody"), ("EMAIL", "nobody@invalid"), ("DATE", "@0 +0000"))
}


@dataclass(frozen=True)
class Merged:
    """A merge, as the tree it came to. resolved: files that rules have merged, remembered: those of them that are as
    they were before; left: those that nobody has, with git's markers in them where they are texts, and the sides of
    those; generated: those that are as the base has them, for a tool to make anew.
    """

    tree: str
    resolved: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    remembered: tuple[str, ...] = ()
    sides: Mapping[str, Sides] = field(default_factory=dict)


@dataclass
class _Conflict:
    """A file's entries in the merge: (mode, blob) by stage, 1 = where both began, 2 = the base, 3 = the head."""

    stages: dict[int, tuple[str, str]]

    @property
    def is_plain(self) -> bool:
        return {2, 3} <= self.stages.keys() and all(mode in PLAIN for mode, _ in self.stages.values())

    @property
    def sides(self) -> Sides:
        first, second, third = (self.stages[stage][1] if stage in self.stages else "" for stage in (1, 2, 3))
        return first, second, third


async def sides(workspace: Workspace, head: str, fork: str = "") -> tuple[str, str]:
    """The two commits that are merged. fork: the commit on which the head's own changes were made, where that is not
    where the base and it went apart: then both are made anew as commits on that one, the same ones each time, because
    git before 2.40 takes no base of a merge from others.
    """
    if not fork:
        return workspace.base, check_sha(head)
    git, made = workspace.mirrors.git, []
    for sha in (workspace.base, check_sha(head)):
        out = await git.run(
            "commit-tree", "-p", check_sha(fork), "-m", sha, f"{sha}^{{tree}}", at=workspace.place, env=_NOBODY
        )
        made.append(check_sha(out.decode().strip()))
    return made[0], made[1]


async def merge(
    workspace: Workspace, head: str, generated: Collection[str] = (), fork: str = "", recall: Recall | None = None
) -> Merged:
    """The workspace's base merged with `head`, which has to be in the mirror; no file changes by that. fork: as for
    `sides`; recall: of what is known of earlier conflicts. HostileResult for names that are no text; GitError when they
    can't be merged at all.
    """
    git, at = workspace.mirrors.git, workspace.place
    one, other = await sides(workspace, head, fork)
    merged = await git.ask("merge-tree", "--write-tree", "-z", "--no-messages", one, other, at=at)
    if merged.code not in {0, 1}:
        raise GitError(f"git could not merge {head[:12]} with its base: {merged.err}")
    tree, _, rest = merged.out.partition(b"\0")
    conflicts = _conflicts(rest) if merged.code else {}
    if len(conflicts) > MOST:
        raise HostileResult(f"more than {MOST} files conflict")
    tree_id = check_sha(tree.decode("ascii", "replace").strip())
    aside = replace(at, index=workspace.home / "carried-index")
    done: dict[str, tuple[str, str]] = {}
    left: list[str] = []
    made_anew: list[str] = []
    remembered: list[str] = []
    for path, conflict in conflicts.items():
        if path in generated and 2 in conflict.stages:
            done[path] = conflict.stages[2]
            made_anew.append(path)
        elif (outcome := await _resolved(workspace, path, conflict, recall)) is not None:
            done[path] = (conflict.stages[2][0], await _written(workspace, outcome.text))
            remembered += [path] if outcome.is_remembered else []
        else:
            left.append(path)
    if done:
        await git.run("read-tree", tree_id, at=aside)
        listed = "".join(f"{mode} {blob}\t{path}\0" for path, (mode, blob) in done.items())
        await git.run("update-index", "-z", "--index-info", at=aside, stdin=listed.encode())
        tree_id = check_sha((await git.run("write-tree", at=aside)).decode().strip())
    resolved = tuple([path for path in done if path not in made_anew])
    return Merged(
        tree=tree_id,
        resolved=resolved,
        left=tuple(left),
        generated=tuple(made_anew),
        remembered=tuple(remembered),
        sides={path: conflicts[path].sides for path in left if conflicts[path].is_plain},
    )


def _conflicts(listed: bytes) -> dict[str, _Conflict]:
    found: dict[str, _Conflict] = {}
    for entry in listed.split(b"\0"):
        if not entry:
            continue
        head, _, path = decoded(entry).partition("\t")
        mode, blob, stage = head.split(" ")
        found.setdefault(path, _Conflict({})).stages[int(stage)] = (mode, check_sha(blob))
    return found


async def _resolved(workspace: Workspace, path: str, conflict: _Conflict, recall: Recall | None) -> Outcome | None:
    """The merged text, if all of it follows from the three, or is as it was before."""
    texts = await _texts(workspace, conflict.sides) if conflict.is_plain else None
    if texts is None:
        return None
    asked = await asyncio.to_thread(ids, *texts, path) if recall is not None else []
    known = await recall(asked) if recall is not None and asked else {}
    outcome = await asyncio.to_thread(resolve, *texts, path, known=known)
    return None if outcome.left else outcome


async def _written(workspace: Workspace, text: str) -> str:
    stdin = text.encode("utf-8", "surrogateescape")
    written = await workspace.mirrors.git.run("hash-object", "-w", "--stdin", at=workspace.place, stdin=stdin)
    return check_sha(written.decode().strip())


async def learn(workspace: Workspace, conflicts: Mapping[str, Sides]) -> dict[str, Lines]:
    """How these files were resolved, as the workspace took them in: the lines of each hunk that can be told apart."""
    found: dict[str, Lines] = {}
    for path, blobs in conflicts.items():
        texts, made = await _texts(workspace, blobs), await taken_in(workspace, path)
        if texts is not None and made is not None:
            found |= await asyncio.to_thread(of_texts, *texts, made, path)
    return found


async def _texts(workspace: Workspace, blobs: Sides) -> tuple[str, str, str] | None:
    """The three as texts; None when one of them is none."""
    base, ours, theirs = [await _text(workspace, blob) if blob else "" for blob in blobs]
    return None if base is None or ours is None or theirs is None else (base, ours, theirs)


async def _text(workspace: Workspace, blob: str) -> str | None:
    """A blob as text; None when it is none, or too large."""
    git, at = workspace.mirrors.git, workspace.place
    size = await git.run("cat-file", "-s", blob, at=at)
    if int(size) > MOST_BYTES:
        return None
    try:
        data = await git.run("cat-file", "blob", blob, at=at)
    except TooMuchOutput:
        return None
    return None if b"\0" in data else data.decode("utf-8", "surrogateescape")


async def lay_out(workspace: Workspace, merged: Merged) -> None:
    """Change the files of a workspace that was just laid out to those of the merge. Its own index goes on to know the
    base's, so that the difference is what was taken over.
    """
    aside = workspace.home / "carried-index"
    await asyncio.to_thread(shutil.copyfile, workspace.home / "index", aside)
    at = replace(workspace.place, index=aside)
    laid = await workspace.mirrors.git.ask("read-tree", "-m", "-u", workspace.base, merged.tree, at=at)
    if laid.code != 0:
        raise GitError(f"the merged files of {workspace.repo} cannot be laid out: {laid.err}")


async def still_marked(workspace: Workspace, head: str, paths: Collection[str], fork: str = "") -> list[str]:
    """The files, as the workspace took them in, in which a marker of the merge with `head` is left."""
    one, other = await sides(workspace, head, fork)
    marks = (f"<<<<<<< {one}", f">>>>>>> {other}")
    found = []
    for path in paths:
        text = await taken_in(workspace, path)
        if text is not None and any(line.startswith(marks) for line in text.splitlines()):
            found.append(path)
    return found


async def undone(workspace: Workspace, head: str, paths: Collection[str], fork: str = "") -> list[str]:
    """The files, as the workspace took them in, that lack what the base has changed since the head went its own way."""
    git, at = workspace.mirrors.git, workspace.place
    began = fork or (await git.ask("merge-base", workspace.base, check_sha(head), at=at)).out.decode().strip()
    found = []
    for path in paths:
        was, now = [await _at(workspace, sha, path) for sha in (began, workspace.base)]
        made = await taken_in(workspace, path)
        if was is None or now is None or undoes(was, now, made or ""):
            found.append(path)
    return found


async def _at(workspace: Workspace, sha: str, path: str) -> str | None:
    """A file of a commit; "" where it is not there, None when it is no text."""
    if not sha:
        return ""
    git, at = workspace.mirrors.git, workspace.place
    listed = await git.run("ls-tree", "-z", check_sha(sha), "--", f":(literal){path}", at=at)
    head = listed.partition(b"\t")[0].decode("ascii", "replace").split(" ")
    return await _text(workspace, check_sha(head[2])) if len(head) == 3 and head[1] == "blob" else ""


async def taken_in(workspace: Workspace, path: str) -> str | None:
    """A file as the workspace took it in; None when it is not there, no text, or too large."""
    listed = await workspace.mirrors.git.run("ls-files", "--stage", "-z", "--", f":(literal){path}", at=workspace.place)
    head = listed.partition(b"\t")[0].decode("ascii", "replace").split(" ")
    return await _text(workspace, check_sha(head[1])) if len(head) == 3 else None


async def told_of_base(workspace: Workspace, head: str, paths: Collection[str], most: int = 10) -> tuple[str, ...]:
    """The first lines of the newest commits of the base that changed these files since the head went its own way."""
    spec = [f":(literal){path}" for path in list(paths)[:50]]
    out = await workspace.mirrors.git.run(
        "log", f"--max-count={most}", "--no-show-signature", "--no-mailmap", "--format=%s",
        f"{check_sha(head)}..{workspace.base}", "--", *spec, at=workspace.place,
    )  # fmt: skip
    return tuple([line[:200] for line in out.decode("utf-8", "replace").splitlines() if line.strip()])
