"""The door as `serve` has it (signature, group commit with fsync, 202), without handlers behind it: for `ingest`."""

import asyncio
import sys
from pathlib import Path

import uvloop

from bot.clock import SystemClock
from bot.heap import one_heap
from bot.porch import opened
from bot.serve import collect_seldom
from bot.settings import Settings


async def serve(folder: Path, secret: str, port: int) -> None:
    settings = Settings(data_dir=str(folder), webhook_secret=secret, host="127.0.0.1", port=port)
    async with opened(settings, "all", SystemClock()):
        await asyncio.Event().wait()


if __name__ == "__main__":
    collect_seldom()
    one_heap()
    uvloop.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
