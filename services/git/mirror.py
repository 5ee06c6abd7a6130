"""One bare mirror a repository, so that an attempt costs a fetch of what is new and not a clone.

Only this module lets foreign objects onto the machine: by full refspec, checked by git's own fsck, without submodules
or tags. Nothing an agent makes ever enters a mirror; a workspace keeps its objects to itself (see workspace.py). A root
directory belongs to one process of Lockstep: the locks are in memory, and leftovers of attempts are cleared at start. A
git process that is killed leaves its lock files behind, and the next one would refuse to work for ever; so they are
removed by whoever holds our own lock, which makes them nobody's. Each fetch leaves a pack, and git looks into all of
them for what it wants; so small ones are put together when there are many, and references to branches of long ago go
then, as each of them costs every fetch. Nothing else is ever thrown away at that, reachable or not: an attempt may
still stand on it.
"""

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

from services.errors import GitError
from services.git.command import Git, Place, check_branch, check_repo, check_sha

KEPT = "refs/fetched/"
MOST_PACKS = 32
"""Of a mirror, before its small ones are put together."""
MOST_BRANCHES = 200
"""Of a mirror that are remembered at that, those with the newest commits; others are fetched as if for the first time.
"""
TIDYING = 120.0
"""Seconds that may take."""


class MissingBranch(GitError):
    """The remote has no such branch, perhaps because the repository is empty."""


class Mirrors:
    """The mirrors under `root`, all of one remote host (base URL, for example `https://github.com`)."""

    def __init__(self, root: Path, remote: str, *, git: Git | None = None) -> None:
        self.root = root.absolute()
        self.git = git or Git(remote)
        self.attempts, self.left = self.root / "attempts", self.root / "left"
        self._locks: dict[str, asyncio.Lock] = {}
        self._ready: set[str] = set()
        self._untidy: set[str] = set()

    def path(self, repo: str) -> Path:
        """Where the bare mirror of a repository lies; case doesn't matter, as on GitHub."""
        owner, _, name = check_repo(repo).lower().partition("/")
        return self.root / "mirrors" / owner / f"{name}.git"

    async def fetch(self, repo: str, branch: str, token: str) -> str:
        """Bring one branch up to date and return its commit id; MissingBranch when the remote has none."""
        spec = f"+refs/heads/{check_branch(branch)}:{_kept_ref(branch)}"
        async with self._lock(repo):
            at = Place(await self._prepared(repo))
            await asyncio.to_thread(_remove_leftovers, self.path(repo))
            answer = await self.git.ask(
                "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
                "--no-auto-maintenance", "--no-show-forced-updates", "--end-of-options", self.git.url(repo), spec,
                at=at, token=token,
            )  # fmt: skip
            if "couldn't find remote ref" in answer.err:
                raise MissingBranch(f"{repo} has no branch {branch}")
            if answer.code != 0:
                raise GitError(f"git fetch failed: {answer.err}")
            sha = await self._commit(at, _kept_ref(branch))
            await self._tidy(repo, at)
            return sha

    async def _tidy(self, repo: str, at: Place) -> None:
        """Our lock is held. Where it fails, this process leaves that mirror as it is: what is wanted of it is there."""
        if repo.lower() in self._untidy or await asyncio.to_thread(_packs, self.path(repo)) <= MOST_PACKS:
            return
        git = replace(self.git, seconds=TIDYING)
        try:
            await git.run("repack", "--quiet", "-d", "--geometric=2", "--no-write-bitmap-index", at=at)
            refs = await git.run("for-each-ref", "--sort=-committerdate", "--format=%(refname)", KEPT, at=at)
            old = [b"delete %b\n" % ref for ref in refs.splitlines()[MOST_BRANCHES:]]
            await git.run("update-ref", "--stdin", at=at, stdin=b"".join(old))
        except GitError:
            self._untidy.add(repo.lower())

    async def tip(self, repo: str, branch: str, token: str) -> str | None:
        """The commit id the remote's branch stands at now, or None when there is no such branch. Nothing is fetched."""
        ref = f"refs/heads/{check_branch(branch)}"
        at = await self._place(repo)
        out = await self.git.run(
            "ls-remote", "--quiet", "--heads", "--end-of-options", self.git.url(repo), ref, at=at, token=token
        )
        for line in out.decode("utf-8", "replace").splitlines():
            sha, _, name = line.partition("\t")
            if name == ref:
                return check_sha(sha)
        return None

    async def has(self, repo: str, sha: str) -> bool:
        """Is this commit in the mirror?"""
        at = await self._place(repo)
        return (await self.git.ask("cat-file", "-e", f"{check_sha(sha)}^{{commit}}", at=at)).code == 0

    async def _commit(self, at: Place, name: str) -> str:
        out = await self.git.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", at=at)
        return check_sha(out.decode().strip())

    async def _place(self, repo: str) -> Place:
        """The mirror, for reading."""
        if repo.lower() not in self._ready:
            async with self._lock(repo):
                await self._prepared(repo)
        return Place(self.path(repo))

    async def _prepared(self, repo: str) -> Path:
        """Make the mirror unless it is there; our lock is held."""
        path = self.path(repo)
        if repo.lower() not in self._ready:
            await asyncio.to_thread(self._make_directories, path)
            await asyncio.to_thread(_remove_leftovers, path)
            await self.git.run("init", "--quiet", "--bare", "--template=", "--end-of-options", str(path))
            self._ready.add(repo.lower())
        return path

    def _make_directories(self, path: Path) -> None:
        """An agent's user may pass through `root` to its own files, and look at no mirror."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o711)
        (self.root / "mirrors").mkdir(exist_ok=True, mode=0o700)
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise GitError(f"the mirror of {path.stem} cannot be stored: {error.strerror}") from None

    def _lock(self, repo: str) -> asyncio.Lock:
        return self._locks.setdefault(check_repo(repo).lower(), asyncio.Lock())


def _remove_leftovers(mirror: Path) -> None:
    """Of git processes that were killed: locks, and packs that were not complete, as large as whole ones or not."""
    packs = mirror / "objects" / "pack"
    for path in (*mirror.glob("*.lock"), *mirror.glob("refs/**/*.lock"), *packs.glob("tmp_*"), *packs.glob(".tmp-*")):
        path.unlink(missing_ok=True)


def _packs(mirror: Path) -> int:
    return sum(1 for _ in mirror.glob("objects/pack/*.pack"))


def _kept_ref(branch: str) -> str:
    """Where a fetched branch is kept. A digest, because `a` and `a/b` can't both be refs, yet may follow each other."""
    return f"{KEPT}{hashlib.sha256(branch.encode()).hexdigest()}"
