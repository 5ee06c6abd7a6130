"""The door as `serve` has it (signature, group commit with fsync, 202), without handlers behind it: for `ingest`."""

import asyncio
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from bot.clock import SystemClock
from bot.serve import collect_seldom
from bot.webhook import CLIENT_MAX_SIZE, Webhook, runner
from services.metrics import Metrics
from services.store.inbox import Inbox
from services.store.sqlite import SqliteDatabase


async def serve(folder: Path, secret: str, port: int) -> None:
    database = SqliteDatabase(folder / "lockstep.sqlite")
    await database.open()
    door = Webhook(
        secrets=[secret.encode()], put=Inbox(database).put, wake=lambda: None, clock=SystemClock(), metrics=Metrics()
    )
    app = web.Application(client_max_size=CLIENT_MAX_SIZE)
    app.router.add_post("/webhook", door.receive)
    server = runner(app)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    collect_seldom()
    uvloop.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
