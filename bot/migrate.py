"""`python -m bot migrate`: bring the database's schema up to what this version needs, and say which that is."""

import argparse
import asyncio
import sys
from pathlib import Path

from bot.settings import Settings, read_settings
from services.errors import LockstepError
from services.store import migrate
from services.store.opening import database_at


def main(arguments: list[str]) -> int:
    """0 when the schema is the newest, 2 when the database can't be used."""
    argparse.ArgumentParser(
        prog="python -m bot migrate",
        description="Create the database or bring its schema up; `serve` does the same when it starts.",
    ).parse_args(arguments)
    try:
        number = asyncio.run(_migrated(read_settings()))
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"lockstep: can't write in the data directory: {error.strerror}.\n")
        return 2
    sys.stdout.write(f"The database has schema {number}, the newest this version knows.\n")
    return 0


async def _migrated(settings: Settings) -> int:
    folder = Path(settings.data_dir)
    if not settings.database_url:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    database = database_at(settings.database_url, folder)
    await database.open()
    try:
        return await database.read(migrate.version)
    finally:
        await database.close()
