"""The data directory, which belongs to one process: what is left in it from before can be taken away at its start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.errors import UserError
from services.store.locks import hold


@contextmanager
def owned(folder: Path) -> Iterator[Path]:
    """Make it if need be and hold it; UserError when another process does. The lock dies with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "in-use.lock").open("ab") as lock:
        if not hold(lock):
            raise UserError(
                f"Another process has the data directory {folder} in use; give each one its own LOCKSTEP_DATA_DIR."
            )
        yield folder
