"""Holds a script or a check at a known place until the test lets it go on: no sleeping, no polling, no race."""

import asyncio
import os
from pathlib import Path


class Pipe:
    """A named pipe: who reads a line of it (`wait`, in a shell) waits until `let_one_pass`, which itself never waits."""

    def __init__(self, path: Path) -> None:
        there = path.with_name(f"{path.name}-there")
        os.mkfifo(path)
        os.mkfifo(there)
        self._end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._there = os.open(there, os.O_RDWR | os.O_NONBLOCK)  # a writer never waits for us
        self.wait = f"{{ echo >> '{there}'; read line < '{path}'; }}"

    async def reached(self) -> None:
        """Return when one more script has come to its `wait`."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._there, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._there)
        os.read(self._there, 1)

    def let_one_pass(self) -> None:
        os.write(self._end, b"go on\n")

    def close(self) -> None:
        os.close(self._end)
        os.close(self._there)
