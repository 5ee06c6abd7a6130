"""Where an agent's commands run, and the choice between the two kinds of it.

A box gets a directory of files and a command, nothing else: no credential, no network, no other directory. What it
leaves is read back as hostile. There is no quiet fallback: when bubblewrap was asked for and doesn't work here,
nothing runs, and one sentence says what to do about it.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from services.agents.log import MAX_LOG
from services.errors import AgentError
from services.git.child import Capture, run_child
from services.git.workspace import remove_tree

Setting = Literal["bwrap", "none"]
PATH = "/usr/bin:/bin"


@dataclass(frozen=True)
class Finished:
    """What a command came to. exit_code: 128 + n when signal n ended it; output: both streams as printed, bounded."""

    exit_code: int
    timed_out: bool
    output: bytes


@dataclass(frozen=True)
class Extras:
    """What a run has besides its files. env: variables; binds: paths of ours by where they are inside, to be read, but
    for sockets; memory: address space, 0 for the usual.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    binds: Mapping[str, str] = field(default_factory=dict)
    memory: int = 0


NONE = Extras()


class Box(Protocol):
    """Runs commands over the files of one attempt; every process of a run has ended when `run` returns.

    is_closed: what `binds` says is where it says; an open one has paths as they are.  programs: the operator's folder
    of agents' programs, beside those of the system.
    """

    @property
    def is_closed(self) -> bool: ...

    @property
    def programs(self) -> Path | None: ...

    async def run(
        self, argv: Sequence[str], *, files: Path, seconds: float, stdin: bytes = b"", extras: Extras = NONE
    ) -> Finished:
        """Run `argv` in `files` for at most `seconds`. AgentError when there was no run at all."""
        ...

    async def probe(self) -> str | None:
        """None when the box works on this machine, else one sentence that says why not and what to do."""
        ...

    def describe(self) -> str:
        """One sentence for the doctor and the pages: what this box keeps in and what it doesn't."""
        ...


def new_capture() -> Capture:
    """Room for the beginning and the end of what a command prints."""
    return Capture(MAX_LOG // 4, MAX_LOG - MAX_LOG // 4)


class OpenBox:
    """No isolation at all: commands are ordinary processes of our own user, for operators who chose `sandbox: none`.

    It still gets nothing of our environment, a home of its own, a time limit and a limit on its output. A process that
    leaves its process group outlives the run.
    """

    is_closed = False

    def __init__(self, programs: Path | None = None) -> None:
        self.programs = programs

    async def run(
        self, argv: Sequence[str], *, files: Path, seconds: float, stdin: bytes = b"", extras: Extras = NONE
    ) -> Finished:
        capture = new_capture()
        try:
            home = await asyncio.to_thread(tempfile.mkdtemp, prefix="lockstep-home-")
            env = {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8", "TERM": "dumb", **extras.env}
            try:
                ended = await run_child(argv, env=env, seconds=seconds, stdout=capture, cwd=files, stdin=stdin)
            finally:
                await remove_tree(Path(home))
        except OSError as error:
            raise AgentError(f"The command could not be started: {error.strerror}.") from None
        code = ended.code if ended.code >= 0 else 128 - ended.code
        return Finished(exit_code=code, timed_out=ended.timed_out, output=capture.value())

    async def probe(self) -> str | None:
        return None

    def describe(self) -> str:
        return "No sandbox: commands of agents run as ordinary processes and can read and change what this user can."


async def choose_box(setting: Setting, programs: Path | None = None) -> Box:
    """The box the operator asked for. AgentError with one sentence when it is `bwrap` and can't be had here."""
    if setting == "none":
        return OpenBox(programs)
    from services.agents.bubblewrap import BubblewrapBox

    box = BubblewrapBox(programs=programs)
    if problem := await box.probe():
        raise AgentError(problem)
    return box
