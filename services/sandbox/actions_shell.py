"""One command of a step as a real process: its own process group, a limit on what is kept of its output, and no
survivors.

The environment is exactly what is given; nothing of the sandbox's own leaks in.
"""

import asyncio
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

PATH = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where steps find programs; this Python comes first, so that `python` is there."""
DRAIN_SECONDS = 5.0
"""How long to wait for the end of the output once every process of the group is dead."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    code: int
    output: str


class Kept:
    """The first and the last half of a limit, in bytes.

    A failure is told at the end of a log, its cause often at the start.
    """

    def __init__(self, limit: int) -> None:
        self.half = max(1, limit // 2)
        self.first = bytearray()
        self.last = bytearray()
        self.lost = 0

    def add(self, chunk: bytes) -> None:
        room = self.half - len(self.first)
        self.first += chunk[: max(0, room)]
        self.last += chunk[max(0, room) :]
        if (over := len(self.last) - self.half) > 0:
            del self.last[:over]
            self.lost += over

    def text(self) -> str:
        gap = f"\n[{self.lost} bytes of output were left out here]\n".encode() if self.lost else b""
        return (bytes(self.first) + gap + bytes(self.last)).decode(errors="replace")


def command(shell: str, script: Path) -> list[str] | None:
    """The arguments that run a script in a `shell:` of a workflow; None for one that is not there."""
    bash = "bash" if shutil.which("bash", path=PATH) else ""
    table = {
        "": [bash or "sh", "-e"],
        "bash": [bash, "--noprofile", "--norc", "-eo", "pipefail"] if bash else [],
        "sh": ["sh", "-e"],
        "python": ["python"],
    }
    if shell in table:
        return [*table[shell], str(script)] if table[shell] else None
    try:
        words = shlex.split(shell)
    except ValueError:
        return None
    if not any("{0}" in word for word in words) or shutil.which(words[0], path=PATH) is None:
        return None
    return [word.replace("{0}", str(script)) for word in words]


async def run(argv: list[str], *, cwd: Path, env: Mapping[str, str], limit: int = 1_000_000) -> Ended:
    """Run to the end. However this is left (also cancelled, at a timeout), the whole process group is dead.

    The pipe is our own: asyncio's would make `wait` last until the last child that inherited it lets go.
    """
    read_end, write_end = os.pipe()
    stream = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(stream)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))
    kept = Kept(limit)
    try:
        child = await _start(argv, cwd, env, write_end)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_drain(stream, kept))
            try:
                code = await child.wait()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
            # A process that left the group may still hold the pipe: its words are not waited for.
            await asyncio.wait([reading], timeout=DRAIN_SECONDS)
            reading.cancel()
    finally:
        transport.close()
    return Ended(code=code, output=kept.text())


async def _start(argv: list[str], cwd: Path, env: Mapping[str, str], out: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(out)


async def _drain(stream: asyncio.StreamReader, kept: Kept) -> None:
    while chunk := await stream.read(65_536):
        kept.add(chunk)
