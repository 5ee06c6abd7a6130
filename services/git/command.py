"""Running git on the host, where every byte of a repository is hostile.

Nothing of the machine's or the repository's own settings is obeyed: an empty environment, no system or user
configuration, no hooks, filters, helpers or submodules, and a git directory that is always named and never discovered.
The flags and what each one stops were measured; `docs/explanation/box.md` has the table. A token travels only in the
environment of the one git process that needs it, as a header for one host.
"""

import base64
import ipaddress
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from services.errors import GitError
from services.git.child import Capture, run_child

MAX_OUTPUT = 16_000_000
"""Bytes of stdout one command may print; more is an error, never a silent cut."""
DEFAULT_SECONDS = 600.0

_SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "core.symlinks=false",
    "core.attributesFile=/dev/null", "core.sshCommand=/bin/false", "core.protectHFS=true", "core.protectNTFS=true",
    "core.quotePath=false", "protocol.allow=never", "submodule.recurse=false", "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no", "push.gpgSign=false", "transfer.fsckObjects=true", "credential.helper=",
    "gpg.program=/bin/false", "commit.gpgSign=false", "gc.auto=0", "maintenance.auto=false", "diff.external=",
    "safe.bareRepository=explicit", "http.followRedirects=false", "http.lowSpeedLimit=1", "http.lowSpeedTime=120",
    "advice.addEmbeddedRepo=false", "init.defaultBranch=main",
)  # fmt: skip

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_SHA = re.compile(r"[0-9a-f]{40}")
_SECRETS = re.compile(
    r"gh[a-z]_[A-Za-z0-9_]{10,}|github_pat_[A-Za-z0-9_]{10,}|(?<=://)[^/\s@]+(?=@)|(?i:(?<=authorization: ).*)"
)


class UnusableName(GitError):
    """A repository, branch or commit id that Lockstep hands to no git; trying again changes nothing."""


class TooMuchOutput(GitError):
    """A command printed more than is taken in."""


def check_repo(repo: str) -> str:
    """`owner/name`, or UnusableName: it becomes part of a path and of a URL."""
    if not _REPO.fullmatch(repo) or repo.partition("/")[2] in {".", ".."}:
        raise UnusableName(f"{repo[:80]!r} is not a repository's name (owner/name)")
    return repo


def check_branch(branch: str) -> str:
    """A branch name that is safe in any place git takes one, or UnusableName; stricter than git, which allows `--x`."""
    odd = any(piece in branch for piece in ("..", "@{", ".lock", "//", "/.")) or branch.endswith(("/", "."))
    if odd or not _BRANCH.fullmatch(branch):
        raise UnusableName(f"{branch[:80]!r} is not a branch name for Lockstep (letters, digits and . _ / - only)")
    return branch


def check_sha(sha: str) -> str:
    """A full commit id in lower case, or UnusableName."""
    if not _SHA.fullmatch(sha):
        raise UnusableName(f"{sha[:80]!r} is not a commit id")
    return sha


@dataclass(frozen=True)
class Place:
    """Where a command works: the git directory; for a workspace also the files, the index and the object store."""

    git_dir: Path
    work_tree: Path | None = None
    index: Path | None = None
    objects: Path | None = None
    settings: tuple[str, ...] = ()

    def flags(self) -> list[str]:
        found = [f"safe.directory={self.git_dir}", *self.settings]
        flags = [part for setting in found for part in ("-c", setting)]
        flags.append(f"--git-dir={self.git_dir}")
        return [*flags, f"--work-tree={self.work_tree}"] if self.work_tree else flags

    def env(self) -> dict[str, str]:
        env = {"GIT_INDEX_FILE": str(self.index)} if self.index else {}
        if self.objects:
            env |= {
                "GIT_OBJECT_DIRECTORY": str(self.objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.git_dir / "objects"),
            }
        return env


@dataclass(frozen=True)
class Answer:
    """What a command printed; `err` is bounded, printable and without credentials."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Git:
    """git, hardened, for one remote host.

    remote: base URL such as `https://github.com`; plain http is accepted for a loopback host only (the sandbox).
    seconds: the longest one command may take.  way: configuration that says how the host is reached, as pairs.
    """

    remote: str
    seconds: float = DEFAULT_SECONDS
    way: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    executable: str = field(default_factory=lambda: shutil.which("git") or "/usr/bin/git")

    def __post_init__(self) -> None:
        parts = urlsplit(self.remote)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
            raise GitError(f"{self.remote[:200]!r} is not an https address")
        if parts.username or parts.password or not parts.hostname:
            raise GitError("the address of the git host must be a plain base URL without credentials")
        object.__setattr__(self, "remote", self.remote.rstrip("/"))

    def url(self, repo: str) -> str:
        """The remote's address of one repository; built from a checked name, never from text of others."""
        return f"{self.remote}/{check_repo(repo)}.git"

    async def run(
        self,
        *args: str,
        at: Place | None = None,
        stdin: bytes = b"",
        token: str = "",
        env: Mapping[str, str] | None = None,
    ) -> bytes:
        """What the command printed; GitError with its last lines when it failed, took too long or printed too much."""
        answer = await self.ask(*args, at=at, stdin=stdin, token=token, env=env)
        if answer.code != 0:
            raise GitError(f"git {args[0]} failed: {answer.err or f'exit code {answer.code}'}")
        return answer.out

    async def ask(
        self,
        *args: str,
        at: Place | None = None,
        stdin: bytes = b"",
        token: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Answer:
        """Like `run`, for commands whose exit code is an answer. GitError only when there was none."""
        protocol = urlsplit(self.remote).scheme
        settings = (*_SETTINGS, f"protocol.{protocol}.allow=always")
        argv = [
            self.executable,
            *(part for setting in settings for part in ("-c", setting)),
            *(at.flags() if at else ()),
            *args,
        ]
        out, err = Capture(MAX_OUTPUT, 0), Capture(0, 8_000)
        full = self._env(protocol, token) | (at.env() if at else {}) | dict(env or {})
        try:
            ended = await run_child(
                argv,
                env=full,
                seconds=self.seconds,
                stdout=out,
                stderr=err,
                stdin=stdin,
                cwd=at.git_dir if at else Path("/"),
            )
        except OSError as error:
            raise GitError(f"git could not be started: {error.strerror}") from None
        if ended.timed_out:
            raise GitError(f"git {args[0]} was stopped after {self.seconds:.0f} s")
        if out.dropped:
            raise TooMuchOutput(f"git {args[0]} printed more than {MAX_OUTPUT} bytes")
        return Answer(code=ended.code, out=out.value(), err=_last_lines(err.value(), token))

    async def version(self) -> tuple[int, ...]:
        """git's version as numbers, for the doctor; GitError when there is no git."""
        text = (await self.run("version")).decode(errors="replace")
        return tuple(int(number) for number in re.findall(r"\d+", text)[:3])

    def _env(self, protocol: str, token: str) -> dict[str, str]:
        env = {
            "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false", "GIT_ALLOW_PROTOCOL": protocol, "GIT_OPTIONAL_LOCKS": "0",
        }  # fmt: skip
        given = list(self.way)
        if token:
            given.append((f"http.{self.remote}/.extraHeader", f"Authorization: Basic {_basic(token)}"))
        if given:
            env["GIT_CONFIG_COUNT"] = str(len(given))
        for number, (name, value) in enumerate(given):
            env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = name, value
        return env


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _last_lines(raw: bytes, token: str) -> str:
    """The end of git's messages in one line: it holds words of the remote, so nothing but plain text is kept."""
    text = raw.decode("utf-8", "replace").replace("\r", "\n")
    for secret in (token, _basic(token)) if token else ():
        text = text.replace(secret, "***")
    lines = [line.strip() for line in _SECRETS.sub("***", text).split("\n") if line.strip()]
    return "".join(c for c in " / ".join(lines[-5:]) if c.isprintable())[-600:]
