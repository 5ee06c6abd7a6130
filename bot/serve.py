"""`python -m bot serve`: the bot itself, until it is told to stop."""

import argparse
import asyncio
import gc
import signal
import sys

from bot import logs
from bot.app import serving
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
    try:
        import uvloop
    except ImportError:
        asyncio.run(_until_stopped(settings, role))
    else:
        uvloop.run(_until_stopped(settings, role))


async def _until_stopped(settings: Settings, role: Role) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(settings, role):
        await stop.wait()
