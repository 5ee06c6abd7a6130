"""`python -m bot backup FILE` and `restore FILE`: the whole of a file database, copied while the bot runs, and put back
while it does not. A server has its own tools, which do it better.
"""

import argparse
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bot.settings import Settings, read_settings
from services.errors import LockstepError, UserError
from services.store.migrate import SQLITE, version
from services.store.sqlite import locked

NAME = "lockstep.sqlite"


def main(arguments: list[str]) -> int:
    """0 when it is done, 2 when it can't be."""
    return _main("backup", "Copy the database into FILE; the bot may be running.", arguments)


def restore(arguments: list[str]) -> int:
    """The same for `restore`."""
    return _main("restore", "Put a copy in the place of the database; the bot must not be running.", arguments)


def _main(name: str, description: str, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m bot {name}", description=description)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args(arguments).file
    try:
        settings = read_settings()
        if settings.database_url:
            tool = "pg_dump" if name == "backup" else "pg_restore"
            raise UserError(f"The database is on a server: use {tool}, as the page about databases says.")
        _copied(settings, file) if name == "backup" else _restored(settings, file)
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"lockstep: that did not work: {error}.\n")
        return 2
    return 0


def _copied(settings: Settings, target: Path) -> None:
    """One snapshot, whole or not at all: it is written beside and then put in place."""
    source = Path(settings.data_dir) / NAME
    if not source.is_file():
        raise UserError(f"There is no database in {settings.data_dir}.")
    if target.exists():
        raise UserError(f"{target} is there already; name another file.")
    beside = target.with_name(f"{target.name}.part")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as file, closing(sqlite3.connect(beside)) as copy:
        file.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    _check(beside)
    beside.rename(target)
    sys.stdout.write(f"{target}: schema {_version(target)}, {target.stat().st_size:,} bytes.\n")


def _restored(settings: Settings, source: Path) -> None:
    """The one that was there is kept beside it."""
    if not source.is_file():
        raise UserError(f"There is no file {source}.")
    _check(source)
    newest = max(int(file.name[:3]) for file in SQLITE.iterdir() if file.name.endswith(".sql"))
    if _version(source) > newest:
        raise UserError("The copy is of a newer version; restore it with that one.")
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / NAME
    with closing(_Lock(target)):
        fresh = folder / f"{NAME}.part"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        with closing(sqlite3.connect(source)) as file, closing(sqlite3.connect(fresh)) as copy:
            file.backup(copy)
        kept = f"; what was there before is {NAME}.before" if target.exists() else ""
        if kept:
            with closing(sqlite3.connect(target)) as old:  # what is only in its log goes into the file
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = folder / f"{NAME}.before"
            before.unlink(missing_ok=True)
            before.hardlink_to(target)  # so that there is a database at every moment
        for end in ("-wal", "-shm"):
            (folder / f"{NAME}{end}").unlink(missing_ok=True)
        fresh.replace(target)
    sys.stdout.write(f"Restored{kept}.\n")


class _Lock:
    """The bot's own lock: UserError while it runs."""

    def __init__(self, path: Path) -> None:
        self._held = locked(path)

    def close(self) -> None:
        if self._held is not None:
            self._held.close()


def _check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        try:
            said = file.execute("PRAGMA integrity_check").fetchone()[0]
            version(file)
        except sqlite3.DatabaseError:
            said = "not a database of Lockstep's"
    if said != "ok":
        raise UserError(f"{path} is no good copy: {said}.")


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        return version(file)
