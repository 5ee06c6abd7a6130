"""The files of one commit, laid out for an agent without any git directory, and the commit made of what it left.

Index, objects and git directory lie outside the files: whatever an agent writes, git finds no configuration there to
obey. New objects go into a store of the attempt's own (the mirror is only read), so throwing the directory away throws
away everything.
"""

import asyncio
import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from services.core.paths import Change
from services.errors import GitError
from services.git.child import Capture, run_child
from services.git.command import Place, TooMuchOutput, check_branch, check_sha
from services.git.mirror import Mirrors
from services.git.result import HostileResult, Limits, check_sizes, decoded, parse_changes, refuse_links, shown, survey

OWN_PREFIX = "lockstep/"
BOT_NAME = "lockstep[bot]"
BOT_EMAIL = "lockstep[bot]@users.noreply.github.com"
NOISE = (
    "__pycache__/", "*.py[co]", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".hypothesis/", ".tox/", ".nox/",
    ".venv/", ".coverage", "*.egg-info/", "node_modules/", ".npm/", ".cache/", ".gradle/", ".DS_Store",
)  # fmt: skip
"""What running a project leaves behind; left out of a commit when new. The repository's .gitignore decides."""
DIFF = ("--raw", "--numstat", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv")
_REFUSED = ("archived so", "hook declined", "repository rule violations")
"""GitHub's words, and git's, for what it never takes."""
MAX_DIFF = 200_000
"""Bytes of a diff that are kept for people."""
_UNSAFE_NAME = re.compile(r"[<>\n\x00]")


class StalePush(GitError):
    """The remote branch doesn't stand where we thought: somebody else moved it, and it stays as it is."""


class RefusedPush(GitError):
    """The host takes no such push, however often it is tried: the repository is archived, or a rule forbids it."""


@dataclass(frozen=True)
class Author:
    """Who a commit is by; the committer is always Lockstep."""

    name: str = BOT_NAME
    email: str = BOT_EMAIL


@dataclass
class Workspace:
    """One attempt's files. Use `open_workspace`, which also takes it away again.

    repo: owner/name; base: the commit the files are of; files: what the agent sees; home: the directory around it.
    """

    mirrors: Mirrors
    repo: str
    base: str
    home: Path
    limits: Limits = field(default_factory=Limits)

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def place(self) -> Place:
        return Place(
            git_dir=self.mirrors.path(self.repo), work_tree=self.files, index=self.home / "index",
            objects=self.home / "objects", settings=(f"core.excludesFile={self.home / 'noise'}",),
        )  # fmt: skip

    async def lay_out(self) -> None:
        """Write the base commit's files; symbolic links become plain files that hold their target."""
        try:
            await asyncio.to_thread(self._make)
        except OSError as error:
            raise GitError(f"the files of {self.repo} cannot be laid out: {error.strerror}") from None
        await self._git("read-tree", self.base)
        await self._git("checkout-index", "--all", "--quiet", "--index")

    def _make(self) -> None:
        self.home.chmod(0o711)
        self.files.mkdir(mode=0o700)
        (self.home / "objects").mkdir(mode=0o700)
        (self.home / "noise").write_text("\n".join(NOISE) + "\n", encoding="utf-8")

    async def changes(self) -> tuple[Change, ...]:
        """Take the files into the index and say what differs from the base; from here on the files are not read again.

        HostileResult for links, special files, anything like a git directory, and for too many or too big files.
        """
        found = await asyncio.to_thread(survey, self.files, self.limits)
        await self._refuse_odd(found.odd)
        listed = decoded(await self._git("ls-files", "-z", "--modified", "--others", "--exclude-standard"))
        await asyncio.to_thread(check_sizes, self.files, (path for path in listed.split("\0") if path), self.limits)
        await self._git("add", "--all", "--", ":/")
        changes = parse_changes(await self._git("diff-index", "--cached", *DIFF, self.base, "--"))
        refuse_links(changes)
        return await self._with_sizes(changes)

    async def _refuse_odd(self, odd: dict[str, str]) -> None:
        """Links and special files may lie only where git ignores them (`node_modules/.bin` is full of links)."""
        if not odd:
            return
        paths = "\0".join(odd).encode("utf-8", "surrogateescape")
        answer = await self.mirrors.git.ask("check-ignore", "-z", "--stdin", at=self.place, stdin=paths)
        if answer.code not in {0, 1}:
            raise HostileResult(f"the links and special files cannot be checked: {answer.err}")
        ignored = set(answer.out.decode("utf-8", "surrogateescape").split("\0"))
        for path, what in odd.items():
            if path not in ignored:
                raise HostileResult(f"{shown(path)} is {what}")

    async def _with_sizes(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        present = [change.path for change in changes if change.kind != "deleted"]
        asked = "".join(f":0:{path}\n" for path in present).encode()
        out = await self._git("cat-file", "--batch-check=%(objectsize)", stdin=asked) if present else b""
        return with_sizes(changes, dict(zip(present, (int(line) for line in out.split()), strict=True)))

    async def commit(self, message: str, author: Author, when: datetime) -> str:
        """A commit of what `changes` took in, on top of the base; the same input always gives the same id."""
        if when.tzinfo is None or "\0" in message or not message.strip():
            raise GitError("a commit needs a message and an aware date")
        date = f"{int(when.timestamp())} +0000"
        clean = replace(author, name=_UNSAFE_NAME.sub("", author.name), email=_UNSAFE_NAME.sub("", author.email))
        env = {
            "GIT_AUTHOR_NAME": clean.name, "GIT_AUTHOR_EMAIL": clean.email, "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": BOT_NAME, "GIT_COMMITTER_EMAIL": BOT_EMAIL, "GIT_COMMITTER_DATE": date,
        }  # fmt: skip
        tree = check_sha((await self._git("write-tree")).decode().strip())
        out = await self.mirrors.git.run(
            "commit-tree",
            "-p",
            self.base,
            "-F",
            "-",
            tree,
            at=self.place,
            stdin=message.strip().encode() + b"\n",
            env=env,
        )
        return check_sha(out.decode().strip())

    async def diff(self, sha: str) -> str:
        """What a commit changes, as git writes it, for people to read; "" when that is too much to be read."""
        flags = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=3")
        try:
            out = await self._git("diff-tree", "--patch", *flags, self.base, check_sha(sha), "--")
        except TooMuchOutput:
            return ""
        return out[:MAX_DIFF].decode("utf-8", "replace")

    async def push(self, sha: str, branch: str, expected: str | None, token: str) -> None:
        """Move our branch on the remote from `expected` (None = it must not exist) to `sha`.

        StalePush when it stands elsewhere; RefusedPush when the host takes none.
        """
        if not check_branch(branch).startswith(OWN_PREFIX):
            raise GitError(f"{branch!r} is not one of our branches ({OWN_PREFIX}...)")
        ref = f"refs/heads/{branch}"
        lease = f"--force-with-lease={ref}:{check_sha(expected) if expected else ''}"
        answer = await self.mirrors.git.ask(
            "push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no", lease,
            "--end-of-options",
            self.mirrors.git.url(self.repo), f"{check_sha(sha)}:{ref}", at=self.place, token=token,
        )  # fmt: skip
        if b"(stale info)" in answer.out:
            raise StalePush(f"{branch} on {self.repo} was moved by somebody else")
        if answer.code != 0:
            rejected = [line for line in answer.out.decode("utf-8", "replace").splitlines() if line.startswith("!")]
            said = f"{shown(' '.join(rejected))} {answer.err}".strip()
            kind = RefusedPush if any(word in said for word in _REFUSED) else GitError
            raise kind(f"git push failed: {said}")

    async def _git(self, *args: str, stdin: bytes = b"") -> bytes:
        return await self.mirrors.git.run(*args, at=self.place, stdin=stdin)


def with_sizes(changes: tuple[Change, ...], sizes: Mapping[str, int]) -> tuple[Change, ...]:
    """The changes with the bytes of each file, 0 where none is left."""
    return tuple(_sized(change, sizes.get(change.path, 0)) for change in changes)


def _sized(change: Change, size: int) -> Change:
    return Change(
        path=change.path, kind=change.kind, mode=change.mode, old_mode=change.old_mode, size=size, added=change.added,
        removed=change.removed, binary=change.binary,
    )  # fmt: skip


@asynccontextmanager
async def open_workspace(
    mirrors: Mirrors, repo: str, sha: str, *, limits: Limits | None = None
) -> AsyncIterator[Workspace]:
    """The files of a commit that is in the mirror, in a directory that is gone afterwards, whatever happened."""
    check_sha(sha)
    try:
        home = await asyncio.to_thread(_new_home, mirrors)
    except OSError as error:
        raise GitError(f"there is no room for an attempt in {mirrors.attempts}: {error.strerror}") from None
    try:
        workspace = Workspace(mirrors=mirrors, repo=repo, base=sha, home=home, limits=limits or Limits())
        await workspace.lay_out()
        yield workspace
    finally:
        await remove_tree(home)


def _new_home(mirrors: Mirrors) -> Path:
    mirrors.root.mkdir(parents=True, exist_ok=True, mode=0o711)
    mirrors.attempts.mkdir(exist_ok=True, mode=0o711)
    return Path(tempfile.mkdtemp(prefix="attempt-", dir=mirrors.attempts))


async def is_own_commit(mirrors: Mirrors, repo: str, sha: str, message: str) -> bool:
    """Does a commit in the mirror carry our name and this message? Whoever may push can forge both.

    Its first line is the task's title, which an edit of the plan may have changed since; the rest says whose it is.
    """
    at = Place(mirrors.path(repo))
    form = "--format=%cn%x00%ce%x00%B"
    out = await mirrors.git.run("log", "-1", "--no-show-signature", "--no-mailmap", form, check_sha(sha), "--", at=at)
    name, email, found = out.decode("utf-8", "replace").strip().split("\0", 2)
    return (name, email, _below(found)) == (BOT_NAME, BOT_EMAIL, _below(message))


def _below(message: str) -> str:
    """A commit message without its first line."""
    return message.strip().partition("\n")[2].strip()


def set_aside(mirrors: Mirrors) -> None:
    """What attempts of a process that was killed left behind is out of the way; call it once, before the first attempt.
    It may be much, and nobody waits for its end: `clear_attempts` takes it away.
    """
    if os.path.lexists(mirrors.attempts):
        mirrors.left.mkdir(parents=True, exist_ok=True)
        mirrors.attempts.rename(mirrors.left / secrets.token_hex(8))


async def clear_attempts(mirrors: Mirrors) -> None:
    """Take away what was set aside, by this process or by one before it."""
    await remove_tree(mirrors.left)


async def remove_tree(top: Path) -> None:
    """Delete a directory in which anything may lie, also what is too deep for Python's own remover, or unreadable."""
    for command in (("rm", "-rf"), ("chmod", "-R", "u+rwx"), ("rm", "-rf")):
        if await asyncio.to_thread(os.path.lexists, top):
            argv = [*command, "--", str(top)]
            await run_child(argv, env={"PATH": "/usr/bin:/bin"}, seconds=300, stdout=Capture(0, 4_000))
