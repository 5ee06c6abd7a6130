"""`python -m bot token`: tokens for programs, made, listed and revoked by whoever runs the bot; it may be running."""

import argparse
import asyncio
import re
import sys
from datetime import timedelta
from pathlib import Path

from bot.clock import SystemClock
from bot.settings import Settings, admins_of, read_settings
from bot.web.access import new_token
from bot.web.viewer import SCOPES
from services.errors import LockstepError, UserError
from services.store import access
from services.store.access import Token
from services.store.visiting import visit

_LOGIN = re.compile(r"[A-Za-z0-9-]{1,39}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def main(arguments: list[str]) -> int:
    """0 when it is done, 1 when there was nothing to revoke, 2 when it can't be done."""
    parser = argparse.ArgumentParser(prog="python -m bot token", description="Tokens for the API.")
    what = parser.add_subparsers(dest="what", required=True)
    add = what.add_parser("add", help="make a token; it is printed once and not kept")
    add.add_argument("login", help="whose it is, on GitHub: it sees and does what this person may")
    add.add_argument("--name", default="token", help="what it is called")
    add.add_argument("--scopes", default="read", help="with commas between: read, act, admin")
    add.add_argument("--days", type=int, default=90, help="how long it is good")
    what.add_parser("list", help="print all tokens, without their secrets")
    revoke = what.add_parser("revoke", help="end a token at once")
    revoke.add_argument("login")
    revoke.add_argument("name")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        return {"add": _add, "list": _list, "revoke": _revoke}[given.what](settings, given)
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2


def _add(settings: Settings, given: argparse.Namespace) -> int:
    scopes = tuple(dict.fromkeys(word.strip() for word in given.scopes.split(",")))
    if not _LOGIN.fullmatch(given.login) or not _NAME.fullmatch(given.name):
        raise UserError("A login is as on GitHub; a name has letters, digits, dots and dashes, 64 at most.")
    if set(scopes) - {*SCOPES} or not 1 <= given.days <= 366:
        raise UserError("Scopes are read, act and admin; a token is good for 1 to 366 days.")
    if "admin" in scopes and given.login.lower() not in admins_of(settings):
        raise UserError(
            f"The scope admin counts for those whom LOCKSTEP_ADMINS names; {given.login} is not one of them."
        )
    now, secret = SystemClock().now(), new_token()
    token = Token(name=given.name, login=given.login, scopes=scopes, made=now, until=now + timedelta(days=given.days))
    asyncio.run(visit(settings.database_url, Path(settings.data_dir), lambda c: access.add(c, secret, token)))
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write("Keep it now: it is not shown again.\n")
    return 0


def _list(settings: Settings, _: argparse.Namespace) -> int:
    found = asyncio.run(visit(settings.database_url, Path(settings.data_dir), access.tokens))
    for token in found:
        sys.stdout.write(f"{token.login}  {token.name}  {','.join(token.scopes)}  until {token.until:%Y-%m-%d}\n")
    return 0


def _revoke(settings: Settings, given: argparse.Namespace) -> int:
    place = Path(settings.data_dir)
    done = asyncio.run(visit(settings.database_url, place, lambda c: access.revoke(c, given.login, given.name)))
    sys.stderr.write("Revoked.\n" if done else "There is no such token.\n")
    return 0 if done else 1
