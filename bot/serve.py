"""`python -m bot serve`: the bot itself, until it is told to stop.

The door stands first (bot/porch.py); what is behind it is imported in a thread meanwhile. So nothing is imported here
that the door doesn't need.
"""

import argparse
import asyncio
import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any

from bot.heap import one_heap
from bot.lean import lean

with lean():
    from bot import logs
    from bot.clock import SystemClock
    from bot.porch import opened
    from bot.settings import ROLES, Role, Settings, check_for_serving, read_settings, secrets
    from services.errors import LockstepError


def main(arguments: list[str]) -> int:
    """Serve until SIGINT or SIGTERM: 0 after a clean stop, 2 when it can't start as it is set."""
    parser = argparse.ArgumentParser(
        prog="python -m bot serve", description="Run the bot; it is set through the environment."
    )
    parser.add_argument(
        "--role", choices=ROLES, default="all", help="what this process does of all; other roles need PostgreSQL"
    )
    role: Role = parser.parse_args(arguments).role
    try:
        settings = read_settings()
        check_for_serving(settings, role)
        redactor = logs.Redactor(secrets(settings))
        logs.set_up(style=settings.log_style, level=settings.log_level, redactor=redactor)
        _run(settings, role)
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"lockstep: can't listen or write there: {error.strerror}.\n")
        return 2
    return 0


def collect_seldom() -> None:
    """Boards are large and live long; as Python is set, the collector walks through all of them again and again, and
    a task of a plan of 50,000 costs a quarter more than one of a small plan.
    """
    gc.set_threshold(20_000, 20, 50)


def _run(settings: Settings, role: Role) -> None:
    collect_seldom()
    one_heap()
    try:
        import uvloop
    except ImportError:
        asyncio.run(_until_stopped(settings, role))
    else:
        uvloop.run(_until_stopped(settings, role))


def _the_rest() -> Any:
    """Everything behind the door. The thread that imports it gives way ten times as often, so that the door answers."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        with lean():
            return import_module("bot.app")
    finally:
        sys.setswitchinterval(usual)


async def _until_stopped(settings: Settings, role: Role) -> None:
    """A signal that comes before the database is open ends the process as it is: a change of the schema may wait for
    long for its turn, and what it has not committed is undone.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, os._exit, 0)  # said here, as the first process of a container has no default
    async with opened(settings, role, SystemClock()) as porch:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        app = await asyncio.to_thread(_the_rest)
        async with app.serving(porch):
            await stop.wait()
