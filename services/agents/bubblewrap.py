"""The box made with bubblewrap: namespaces, no capabilities, a system call filter, limits, and an unprivileged user.

Every argument here closes something that was open when tried; `docs/explanation/box.md` goes through them. Three
things are easy to lose in a change: bubblewrap must be our direct child (or --die-with-parent does nothing), it must
get an empty environment itself (--clearenv does not clear its own), and as root it is no box at all, so root first
becomes a user of the slot's own.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.agents import seccomp
from services.agents.bounds import Bounds
from services.agents.box import NONE, PATH, Extras, Finished
from services.agents.confined import BoxFiles, memory_files, run_confined
from services.agents.log import clean_log, last_line
from services.errors import AgentError
from services.git.child import Capture, run_child

INSIDE = "/worktree"
UID = 65534
FIRST_SLOT_UID = 0x7000_0000
"""Host users of slots when we are root: a range that neither Linux distributions nor systemd hand out."""
_PASSWD = f"agent:x:{UID}:{UID}::/home/agent:/bin/sh\n".encode()
_GROUP = f"agent:x:{UID}:\n".encode()
_SELF_TEST = """
[ "$(id -u)" = 65534 ] || { echo 'the user inside is not the unprivileged one'; exit 1; }
grep -q '^NoNewPrivs:.*1$' /proc/self/status || { echo 'new privileges are possible'; exit 1; }
grep -q '^CapEff:.*\t0*$' /proc/self/status || { echo 'capabilities are left'; exit 1; }
[ "$1" = 0 ] || grep -q '^Seccomp:.*2$' /proc/self/status || { echo 'the system call filter is off'; exit 1; }
[ "$(tail -n +3 /proc/net/dev | grep -vc ' lo:')" = 0 ] || { echo 'there is a network'; exit 1; }
if touch /usr/bin/lockstep-was-here 2>/dev/null; then echo 'the system can be written to'; exit 1; fi
echo fine > here && [ "$(cat here)" = fine ] || { echo 'the files cannot be written to'; exit 1; }
"""


@dataclass(frozen=True)
class Caps:
    """Limits of one run. CPU seconds, memory (address space), size of a file and open files count for each process
    alone; all_memory, space and entries for all together, and for all that its files take.
    """

    cpu_seconds: int = 3_600
    memory: int = 4 << 30
    file_bytes: int = 256 << 20
    open_files: int = 1_024
    processes: int = 256
    scratch: int = 64 << 20
    all_memory: int = 8 << 30
    space: int = 4 << 30
    entries: int = 1_000_000


@dataclass
class _Slots:
    """Which host users are free; a user of its own a run, because the limit on processes is counted per user."""

    count: int
    free: list[int] = field(init=False)
    turn: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.free = list(range(self.count))
        self.turn = asyncio.Semaphore(self.count)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[int]:
        async with self.turn:
            slot = self.free.pop()
            try:
                yield FIRST_SLOT_UID + slot
            finally:
                self.free.append(slot)


class BubblewrapBox:
    """Runs commands under bubblewrap, at most `slots` at once; more wait."""

    is_closed = True

    def __init__(self, *, slots: int = 16, caps: Caps | None = None, programs: Path | None = None) -> None:
        self.programs = programs
        self.caps = caps or Caps()
        self._slots = _Slots(slots)
        self._root = os.geteuid() == 0

    async def run(
        self, argv: Sequence[str], *, files: Path, seconds: float, stdin: bytes = b"", extras: Extras = NONE
    ) -> Finished:
        bwrap = _tool("bwrap", "install bubblewrap, or set `sandbox: none` for an agent you trust")
        async with self._slots.one() as uid:
            try:
                if self._root:
                    await asyncio.to_thread(_check_passable, files)
                    await _give(files, uid)
                with memory_files(_PASSWD, _GROUP, seccomp.program() if seccomp.available() else b"") as fds:
                    line = [
                        *self._limits(uid, extras),
                        bwrap,
                        *self._options(files, fds, extras),
                        "--",
                        *self._inner_limits(),
                        *argv,
                    ]
                    caps = self.caps
                    bounds = Bounds(files, memory=caps.all_memory, space=caps.space, entries=caps.entries)
                    return await run_confined(line, fds, seconds, stdin, bounds)
            except OSError as error:
                raise AgentError(f"The box could not be prepared: {error.strerror}.") from None

    async def probe(self) -> str | None:
        argv = ["/bin/sh", "-c", _SELF_TEST, "self-test", "1" if seccomp.available() else "0"]
        with _scratch_files() as files:
            try:
                done = await self.run(argv, files=files, seconds=20)
            except AgentError as error:
                return str(error)
        if done.exit_code == 0 and not done.timed_out:
            return None
        return f"The box does not hold what it promises: {last_line(clean_log(done.output)) or 'it took too long'}."

    def describe(self) -> str:
        who = "a host user of its own for each run" if self._root else "our own host user"
        calls = "a system call filter" if seccomp.available() else "no system call filter, for this processor has none"
        return f"bubblewrap: no network, no credentials, only the task's files, {who}, {calls}."

    def _limits(self, uid: int, extras: Extras) -> list[str]:
        caps = self.caps
        line = [
            _tool("prlimit", "install util-linux"), f"--cpu={caps.cpu_seconds}", f"--as={extras.memory or caps.memory}",
            f"--fsize={caps.file_bytes}", f"--nofile={caps.open_files}", "--core=0",
        ]  # fmt: skip
        if not self._root:
            return [*line, "--"]
        become = [
            _tool("setpriv", "install util-linux"),
            f"--reuid={uid}",
            f"--regid={uid}",
            "--clear-groups",
            "--no-new-privs",
        ]
        return [*become, "--inh-caps=-all", "--bounding-set=-all", "--", *line, f"--nproc={caps.processes}", "--"]

    def _inner_limits(self) -> list[str]:
        """Without a host user of its own a run's processes are counted inside, or all of our own would count too."""
        return [] if self._root else ["/usr/bin/prlimit", f"--nproc={self.caps.processes}", "--"]

    def _options(self, files: Path, fds: BoxFiles, extras: Extras) -> list[str]:
        told = [part for name, value in extras.env.items() for part in ("--setenv", name, value)]
        lent = [
            part
            for ours, inside in extras.binds.items()
            for part in ("--bind" if Path(ours).is_socket() else "--ro-bind", ours, inside)
        ]
        scratch = ["--size", str(self.caps.scratch), "--tmpfs"]
        return [
            "--unshare-all", "--unshare-user", "--disable-userns", "--assert-userns-disabled", "--die-with-parent",
            "--new-session", "--cap-drop", "ALL", "--uid", str(UID), "--gid", str(UID), "--hostname", "box",
            "--clearenv", "--setenv", "PATH", PATH, "--setenv", "HOME", "/home/agent", "--setenv", "LANG", "C.UTF-8",
            "--setenv", "TERM", "dumb", "--ro-bind", "/usr", "/usr", *_top_level(), "--proc", "/proc", "--dev", "/dev",
            *scratch, "/dev/shm", "--remount-ro", "/dev", *scratch, "/tmp", "--dir", "/home", *scratch, "/home/agent",  # noqa: S108
            "--dir", "/etc", "--ro-bind-data", str(fds.passwd), "/etc/passwd",
            "--ro-bind-data", str(fds.group), "/etc/group", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
            "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--dir", "/run", "--bind", str(files), INSIDE,
            *lent, *told,
            *(("--seccomp", str(fds.filter)) if fds.filter >= 0 else ()), "--remount-ro", "/", "--chdir", INSIDE,
        ]  # fmt: skip


def _tool(name: str, fix: str) -> str:
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin")
    if not found:
        raise AgentError(f"{name} is not on this machine: {fix}.")
    return found


def _top_level() -> list[str]:
    """/bin, /lib and their kin: links into /usr on most machines, directories of their own on some."""
    options: list[str] = []
    for name in ("bin", "lib", "lib32", "lib64", "libx32", "sbin"):
        path = Path("/", name)
        if path.is_symlink():
            options += ["--symlink", f"usr/{name}", str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    return options


@contextmanager
def _scratch_files() -> Iterator[Path]:
    """A directory for the self-test; on the way to it other users may pass."""
    with tempfile.TemporaryDirectory(prefix="lockstep-probe-") as top:
        Path(top).chmod(0o711)
        files = Path(top, "files")
        files.mkdir(0o700)
        yield files


def _check_passable(files: Path) -> None:
    """The slot's user must be able to walk to its files; name the directory that is in the way."""
    for parent in files.absolute().parents:
        if not parent.stat().st_mode & 0o001:
            raise AgentError(
                f"An agent's user cannot pass through {parent}: `chmod o+x {parent}`, or don't run as root."
            )


async def _give(files: Path, uid: int) -> None:
    said = Capture(0, 1_000)
    argv = ["chown", "-R", "-h", "-P", f"{uid}:{uid}", "--", str(files)]
    ended = await run_child(argv, env={"PATH": PATH}, seconds=300, stdout=said)
    if ended.code != 0:
        raise AgentError(f"The files could not be given to the agent's user: {last_line(clean_log(said.value()))}.")
