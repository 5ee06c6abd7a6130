"""`python -m bot replay`: have webhooks handled once more, by the bot that runs or that starts next.

A GUID names one that is stored here; a file is one that `export --deliveries` wrote. A webhook is only a hint to look,
so handling one again does nothing that was done already.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec
import zstandard

from bot.export import Bundle, Recorded
from bot.settings import Settings, read_settings
from services.core.clock import to_text
from services.core.shards import shard_of_payload
from services.errors import LockstepError, UserError
from services.store.db import Connection
from services.store.inbox import INSERT
from services.store.news import INBOX, ring
from services.store.visiting import visit

AGAIN = "UPDATE inbox SET outcome = NULL, note = '' WHERE guid = ? AND outcome IS NOT NULL AND body IS NOT NULL"


def main(arguments: list[str]) -> int:
    """0 when some are handled again, 1 when none is, 2 when it can't be done."""
    parser = argparse.ArgumentParser(prog="python -m bot replay", description="Have webhooks handled once more.")
    parser.add_argument("what", nargs="+", help="a file that `export --deliveries` wrote, or the GUID of a webhook")
    given = parser.parse_args(arguments)
    try:
        count = asyncio.run(_replayed(read_settings(), given.what))
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    sys.stdout.write(f"{count} handled again: at once by a bot that starts, else with its next webhook or sweep.\n")
    return 0 if count else 1


async def _replayed(settings: Settings, what: list[str]) -> int:
    recorded: list[Recorded] = []
    guids = []
    for each in what:
        path = Path(each)
        if not await asyncio.to_thread(path.is_file):
            guids.append(each)
            continue
        try:
            recorded += msgspec.json.decode(await asyncio.to_thread(path.read_bytes), type=Bundle).deliveries
        except msgspec.DecodeError:
            raise UserError(f"{path.name} is no file that `export` wrote.") from None
    is_shared = bool(settings.database_url)

    def write(c: Connection) -> int:
        count = 0
        for one in recorded:
            _put(c, one, is_shared=is_shared)
        for guid in dict.fromkeys([*guids, *(one.guid for one in recorded)]):
            row = c.execute("SELECT shard, outcome IS NULL FROM inbox WHERE guid = ?", (guid,)).fetchone()
            if row is None:
                continue
            count += bool(row[1]) or c.execute(AGAIN, (guid,)).rowcount
            if is_shared:
                ring(c, INBOX, str(row[0]))
        return count

    return await visit(settings.database_url, Path(settings.data_dir), write)


def _put(c: Connection, one: Recorded, *, is_shared: bool) -> None:
    body = bytes(one.payload)
    shard = shard_of_payload(body) if is_shared else 0
    packed = zstandard.ZstdCompressor(level=1).compress(body)
    c.execute(INSERT, (one.hook_id, one.guid, one.event, to_text(one.received_at), len(body), shard, packed))
