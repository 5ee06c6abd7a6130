"""`python -m bot records`: what was learned of a repository, for whoever wants to see it or have it gone;
the bot may be running.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from bot.settings import read_settings
from services.errors import LockstepError
from services.store.learned import deleted, exported
from services.store.visiting import visit


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot records", description=__doc__)
    parser.add_argument("verb", choices=("export", "delete"), help="print it as lines of JSON, or delete it")
    parser.add_argument("repo", help="owner/name, or an owner for all its repositories")
    asked = parser.parse_args(arguments)
    try:
        return asyncio.run(_carried_out(asked.verb, asked.repo.lower()))
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2


async def _carried_out(verb: str, place: str) -> int:
    settings = read_settings()
    url, folder = settings.database_url, Path(settings.data_dir)
    if verb == "delete":
        sys.stdout.write(f"{await visit(url, folder, lambda c: deleted(c, place))} records are deleted.\n")
        return 0
    lines = await visit(url, folder, lambda c: exported(c, place))
    for line in lines:
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    if not lines:
        sys.stderr.write(f"Nothing was learned of {place}.\n")
    return 0
