"""Where an agent's commands run, and the choice between the two kinds of it.

A box gets a directory of files and a command, nothing else: no credential, no network, no other directory. What it
leaves is read back as hostile. There is no quiet fallback: when bubblewrap was asked for and doesn't work here,
nothing runs, and one sentence says what to do about it.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
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


class Box(Protocol):
    """Runs commands over the files of one attempt; every process of a run has ended when `run` returns."""

    async def run(self, argv: Sequence[str], *, files: Path, seconds: float, stdin: bytes = b"") -> Finished:
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

    async def run(self, argv: Sequence[str], *, files: Path, seconds: float, stdin: bytes = b"") -> Finished:
        capture = new_capture()
        try:
            home = await asyncio.to_thread(tempfile.mkdtemp, prefix="lockstep-home-")
            env = {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8", "TERM": "dumb"}
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


async def choose_box(setting: Setting) -> Box:
    """The box the operator asked for. AgentError with one sentence when it is `bwrap` and can't be had here."""
    if setting == "none":
        return OpenBox()
    from services.agents.bubblewrap import BubblewrapBox

    box = BubblewrapBox()
    if problem := await box.probe():
        raise AgentError(problem)
    return box
