"""Holds a script or a check at a known place until the test lets it go on: no sleeping, no polling, no race."""

import os
from pathlib import Path


class Pipe:
    """A named pipe: who reads a line of it waits until `let_one_pass`, which itself never waits."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.wait = f"read line < '{path}'"

    def let_one_pass(self) -> None:
        os.write(self._end, b"go on\n")

    def close(self) -> None:
        os.close(self._end)
