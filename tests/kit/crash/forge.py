"""Processes of the bot, forked from one that has imported it already: a start costs a fifth, and a kill kills as before.

What a forked process does is what `python -m bot` does once its modules are there, with settings, session and standard
streams of its own. The forge ends when the tests' process does. Benchmarks, whose starts are measured, have none.
"""

import asyncio
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
IMPORTED = (
    "bot.__main__",
    "bot.serve",
    "bot.shared",
    "handlers.commands",
    "services.agents.script",
    "uvloop",
    "encodings.idna",
)
FOR_MODELS = ("genai_prices", "pydantic_ai.direct", "pydantic_ai.models.openai", "pydantic_ai.providers.openai")
LIMIT = 1_000_000
"""Bytes of a line, or of an order."""


class Forged:
    """A forked process, as asyncio's `Process` where that is used here."""

    def __init__(
        self, pid: int, stdout: asyncio.StreamReader, told: asyncio.StreamReader, line: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(told, line))

    async def _end(self, told: asyncio.StreamReader, line: asyncio.StreamWriter) -> int:
        self.returncode = int(await told.readline())
        line.close()
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)


class Forge:
    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.kit.crash.forge", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    async def start(self, arguments: Sequence[str], env: Mapping[str, str]) -> Forged:
        """`python -m bot ARGUMENTS` with this environment."""
        ours, theirs = socket.socketpair()
        out, their_out = os.pipe()
        try:
            order = json.dumps([list(arguments), dict(env)]).encode()
            socket.send_fds(self._control, [order], [theirs.fileno(), their_out])
        finally:
            theirs.close()
            os.close(their_out)
        stdout = asyncio.StreamReader(limit=LIMIT)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(out, "rb", buffering=0)
        )
        told, line = await asyncio.open_connection(sock=ours)
        return Forged(int(await told.readline()), stdout, told, line)

    def close(self) -> None:
        self._control.close()
        self._process.wait()


class Forges:
    """The forge of these tests, made when it is first asked for; while `is_open` is False there is none."""

    def __init__(self) -> None:
        self.is_open = False
        self._made: Forge | None = None

    def __call__(self) -> Forge | None:
        if self._made is None and self.is_open:
            self._made = Forge()
        return self._made

    @contextmanager
    def opened(self) -> Iterator[None]:
        self.is_open = True
        try:
            yield
        finally:
            self.is_open, made, self._made = False, self._made, None
            if made is not None:
                made.close()


forge = Forges()


# The process itself.


def _forge(control: socket.socket) -> list[str] | None:
    """Fork until nobody orders any more. In a forked process: its arguments."""
    watched: dict[int, tuple[int, socket.socket]] = {}
    while True:
        poll = select.poll()
        for fd in (control.fileno(), *watched):
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll():
            if fd != control.fileno():
                pid, told = watched.pop(fd)
                os.close(fd)
                with told, suppress(BrokenPipeError):
                    told.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                continue
            order, fds, _, _ = socket.recv_fds(control, LIMIT, 2)
            if not order:
                return None
            told, out = socket.socket(fileno=fds[0]), fds[1]
            arguments, env = json.loads(order)
            if "LOCKSTEP_MODEL" in env:
                _import(FOR_MODELS)
            if (pid := os.fork()) == 0:
                for other, (_, theirs) in watched.items():
                    os.close(other)
                    theirs.close()
                told.close()
                control.close()
                _become(env, out)
                return [str(each) for each in arguments]
            os.close(out)
            watched[os.pidfd_open(pid)] = (pid, told)
            told.sendall(b"%d\n" % pid)


def _become(env: dict[str, str], out: int) -> None:
    os.setsid()
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    os.environ.clear()
    os.environ.update(env)
    gc.unfreeze()


def _import(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a thread does not survive a fork"
    gc.freeze()


def main(control: socket.socket) -> int:
    gc.disable()
    _import(IMPORTED)
    arguments = _forge(control)
    if arguments is None:
        return 0
    gc.enable()
    command: Any = importlib.import_module("bot.__main__")
    return int(command.main(arguments))


if __name__ == "__main__":
    sys.exit(main(socket.socket(fileno=int(sys.argv[1]))))
