"""Git for the sandbox: bare repositories `root/<repo id>.git`, read and written synchronously.

What repositories.py works out from objects and refs is not asked of git; the rest is, by a process for each question.
"""

import shutil
from pathlib import Path

from services.sandbox.git_diff import ARGS, parse_diff
from services.sandbox.git_hook import UPDATE_HOOK
from services.sandbox.git_objects import Objects, run_git
from services.sandbox.git_values import ZERO, Commit, Entry, FileChange, GitError, Merged, Person
from services.sandbox.repositories import Repositories, full_sha

__all__ = ["ZERO", "Commit", "Entry", "FileChange", "Git", "GitError", "Merged", "Person"]

SETTINGS = """
[http]
\treceivepack = true
[gc]
\tauto = 0
[receive]
\tautogc = false
[uploadpack]
\tallowAnySHA1InWant = true
"""


class Git(Repositories):
    """Repositories on disk, below `root`."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self._open: dict[int, Objects] = {}

    def path(self, repo_id: int) -> Path:
        return self.root / f"{int(repo_id)}.git"

    def create(self, repo_id: int, default_branch: str) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        run_git(
            ["init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", str(self.path(repo_id))]
        )
        self._configure(repo_id)

    def fork(self, src_id: int, dst_id: int) -> None:
        """A copy with branches and tags; refs/pull stays behind."""
        self._copy(self.path(src_id), dst_id)

    def adopt(self, source: Path, repo_id: int) -> None:
        """A copy of somebody's local repository; the source is only read."""
        self._copy(source, repo_id)

    def _copy(self, source: Path, dst_id: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        run_git(
            ["clone", "--quiet", "--bare", "--no-hardlinks", "--template=", "--", str(source), str(self.path(dst_id))]
        )
        self._configure(dst_id)

    def _configure(self, repo_id: int) -> None:
        with (self.path(repo_id) / "config").open("a") as config:
            config.write(SETTINGS)
        hook = self.path(repo_id) / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(UPDATE_HOOK)
        hook.chmod(0o755)

    def bring(self, src_id: int, dst_id: int, sha: str) -> None:
        """Make a commit of one repository (a fork) known in another; nothing when it is there."""
        if src_id != dst_id and self.commit(dst_id, sha) is None:
            self._at(dst_id).git(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(self.path(src_id)), full_sha(sha)
            )

    def remove(self, repo_id: int) -> None:
        if (opened := self._open.pop(repo_id, None)) is not None:
            opened.close()
        shutil.rmtree(self.path(repo_id), ignore_errors=True)

    def close(self) -> None:
        for opened in self._open.values():
            opened.close()
        self._open.clear()

    def forget(self, repo_id: int) -> None:
        self._at(repo_id).forget()

    def set_head(self, repo_id: int, branch: str) -> None:
        self._at(repo_id).git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def head(self, repo_id: int) -> str:
        return (self.path(repo_id) / "HEAD").read_text().strip().removeprefix("ref: refs/heads/")

    # Questions for git

    def _at(self, repo_id: int) -> Objects:
        found = self._open.get(repo_id)
        if found is None:
            found = self._open[repo_id] = Objects(self.path(repo_id))
        return found

    def _abbreviated(self, repo_id: int, rev: str) -> str | None:
        _, out = self._at(repo_id).git("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", ok=(0, 1, 128))
        return out.decode().strip() or None

    def _far_log(self, repo_id: int, tip: str, bound: str, path: str, limit: int) -> list[str]:
        args = ["rev-list", "--topo-order", f"--max-count={limit}", tip, *([f"^{bound}"] if bound else [])]
        return self._immutable(repo_id, *args, *(["--", path] if path else [])).decode().split()

    def _far_merge_base(self, repo_id: int, a: str, b: str) -> str | None:
        return self._immutable(repo_id, "merge-base", a, b, ok=(0, 1)).decode().split("\n")[0] or None

    def _far_ahead_behind(self, repo_id: int, base: str, head: str) -> tuple[int, int]:
        ahead, behind = self._immutable(repo_id, "rev-list", "--left-right", "--count", f"{head}...{base}").split()
        return int(ahead), int(behind)

    def _diff(self, repo_id: int, old: str, new: str) -> list[FileChange]:
        return parse_diff(self._at(repo_id).git(*ARGS, old, new)[1])

    def _merge(self, repo_id: int, ours: str, theirs: str) -> Merged:
        args = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", full_sha(ours), full_sha(theirs))
        code, out = self._at(repo_id).git(*args, ok=(0, 1))
        name, *paths = out.decode(errors="replace").rstrip("\0\n").split("\0")
        conflicts = sorted({path for path in paths if path})
        return Merged(tree=name.strip()) if code == 0 else Merged(tree=None, conflicts=conflicts)

    def _immutable(self, repo_id: int, *args: str, ok: tuple[int, ...] = (0,)) -> bytes:
        return self.remember((repo_id, *args), lambda: self._at(repo_id).git(*args, ok=ok)[1])
