"""The state on disk: one file, replaced as a whole, beside the git repositories."""

from pathlib import Path

import msgspec

from services.sandbox.state import State

FILE = "state.msgpack"


def save(state: State, directory: Path) -> None:
    """Write the state so that a crash leaves the old file or the new one."""
    directory.mkdir(parents=True, exist_ok=True)
    fresh = directory / f"{FILE}.new"
    fresh.write_bytes(msgspec.msgpack.encode(state))
    fresh.replace(directory / FILE)


def load(directory: Path) -> State | None:
    """The saved state; None when there is none. msgspec.ValidationError when the file is another version's."""
    path = directory / FILE
    return msgspec.msgpack.decode(path.read_bytes(), type=State) if path.exists() else None
