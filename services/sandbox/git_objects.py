"""One bare repository's object store and refs: loose objects in Python, everything else by git itself.

What the API makes is loose, and so is what small pushes bring; a pack (a big push, an imported repository) is read
through one `git cat-file --batch` that stays open.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

from services.sandbox.git_values import SHA, ZERO, GitError, check_ref

GIT = shutil.which("git") or "git"
ENV = {
    "PATH": os.pathsep.join([str(Path(GIT).parent), os.defpath]),
    "HOME": os.devnull,
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_DEFAULT_REF_FORMAT": "files",  # loose refs are read and written here too
}


def run_git(
    args: list[str], *, cwd: Path | None = None, data: bytes = b"", ok: tuple[int, ...] = (0,)
) -> tuple[int, bytes]:
    """Run git with an argument list; GitError with its last words unless it ends with one of `ok`."""
    done = subprocess.run([GIT, *args], cwd=cwd, input=data, capture_output=True, env=ENV, check=False)
    if done.returncode not in ok:
        raise GitError(done.stderr.decode(errors="replace").strip()[-500:] or f"git {args[0]} failed")
    return done.returncode, done.stdout


class Objects:
    """The repository at `path`.

    Its refs are read once and then kept; `forget` after somebody else (a git push) has changed them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._refs: dict[str, str] | None = None
        self._batch: subprocess.Popen[bytes] | None = None

    def git(self, *args: str, data: bytes = b"", ok: tuple[int, ...] = (0,)) -> tuple[int, bytes]:
        return run_git([f"--git-dir={self.path}", *args], data=data, ok=ok)

    def read(self, sha: str) -> tuple[str, bytes] | None:
        """Type and content of an object, None when there is no such object."""
        if not SHA.fullmatch(sha) or sha == ZERO:
            return None
        try:
            raw = zlib.decompress((self.path / "objects" / sha[:2] / sha[2:]).read_bytes())
        except FileNotFoundError:
            return self._read_packed(sha)
        head, _, body = raw.partition(b"\0")
        return head.partition(b" ")[0].decode(), body

    def write(self, kind: str, body: bytes) -> str:
        """Store an object, if it is not there yet; its sha."""
        raw = f"{kind} {len(body)}\0".encode() + body
        sha = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
        place = self.path / "objects" / sha[:2] / sha[2:]
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=place.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(zlib.compress(raw, 1))
            Path(name).chmod(0o444)
            Path(name).replace(place)
        return sha

    def _read_packed(self, sha: str) -> tuple[str, bytes] | None:
        if not any((self.path / "objects" / "pack").glob("*.pack")):
            return None
        if self._batch is None or self._batch.poll() is not None:
            command = [GIT, f"--git-dir={self.path}", "cat-file", "--batch"]
            self._batch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV)
        into, out = self._batch.stdin, self._batch.stdout
        if into is None or out is None:
            return None
        into.write(sha.encode() + b"\n")
        into.flush()
        head = out.readline().split()
        if len(head) < 3:
            return None
        body = out.read(int(head[2]))
        out.read(1)
        return head[1].decode(), body

    @property
    def refs(self) -> dict[str, str]:
        """Full name -> sha of all refs."""
        if self._refs is None:
            _, out = self.git("for-each-ref", "--format=%(objectname) %(refname)")
            self._refs = {name: sha for sha, _, name in (line.partition(" ") for line in out.decode().splitlines())}
        return self._refs

    def set_ref(self, ref: str, sha: str, expected: str | None) -> None:
        """Move a ref by git's own protocol for loose refs: a lock file, a look, a rename."""
        check_ref(ref)
        if not SHA.fullmatch(sha):
            raise GitError(f"{sha!r} is not a sha")
        place = self.path / ref
        lock = place.with_name(f"{place.name}.lock")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except OSError as error:
            raise GitError(f"the ref {ref} cannot be changed now: {error.strerror}") from None
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(f"{sha}\n".encode())
            now = self._now(ref, place)
            if expected is not None and expected != now:
                raise GitError(f"the ref {ref} is at {now} but expected {expected}")
            _clear_empty(place)
            lock.replace(place)
        except OSError as error:
            raise GitError(f"the ref {ref} cannot be made: {error.strerror}") from None
        finally:
            lock.unlink(missing_ok=True)
        self.refs[ref] = sha

    def _now(self, ref: str, place: Path) -> str:
        """What the ref is on disk at this moment; 40 zeros when there is none."""
        if place.is_file():
            return place.read_text().strip()
        return self.refs.get(ref, ZERO) if (self.path / "packed-refs").exists() else ZERO

    def delete_ref(self, ref: str) -> None:
        self.git("update-ref", "-d", check_ref(ref))
        self.refs.pop(ref, None)

    def forget(self) -> None:
        self._refs = None

    def close(self) -> None:
        if self._batch is not None:
            for stream in (self._batch.stdin, self._batch.stdout):
                if stream is not None:
                    stream.close()
            self._batch.wait()
            self._batch = None


def _clear_empty(place: Path) -> None:
    """Take away empty directories that stand where a ref is to be, left over from deleted ones below it."""
    if place.is_dir() and not place.is_symlink():
        for root, _, _ in os.walk(place, topdown=False):
            Path(root).rmdir()
