"""`python -m bot doctor`: can it work as it is set? Each thing that is looked at says what is wrong and what to do.

It asks GitHub, the disk and the machine what the bot would ask them; it changes nothing, and may be run beside a bot.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from bot.assembly import github_of
from bot.clock import SystemClock
from bot.settings import MIN_SECRET, ROLES, Role, Settings, check_for_serving, read_settings
from bot.web.health import BEHIND
from services.agents.box import choose_box
from services.core.clock import from_text
from services.core.durations import lasting
from services.core.loopback import is_loopback
from services.errors import ApiError, LockstepError, NotFound, Refused, UserError
from services.github.delivery_log import About
from services.store import migrate
from services.store.db import Connection
from services.store.visiting import visit

Verdict = Literal["ok", "warning", "wrong"]
MARKS: dict[Verdict, str] = {"ok": "✓", "warning": "!", "wrong": "✗"}
NEEDED = {
    "checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write",
    "actions": "read",
}  # fmt: skip
WORKS: frozenset[Role] = frozenset({"all", "worker"})
"""Roles that run attempts, which need git and a box."""
DANGEROUS = ("administration", "workflows", "secrets", "organization_administration")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and how it is. fix: what to do, "" where nothing is."""

    what: str
    verdict: Verdict
    said: str
    fix: str = ""


def main(arguments: list[str]) -> int:
    """0 when nothing is wrong, 1 when something is, 2 when the settings can't even be read."""
    parser = argparse.ArgumentParser(prog="python -m bot doctor", description="Say what is wrong, and what to do.")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--role", choices=ROLES, default="all", help="what is run here, where processes share the work")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    found = asyncio.run(examined(settings, given.role))
    if given.json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), indent=2) + "\n")
    else:
        for each in found:
            sys.stdout.write(f"{MARKS[each.verdict]} {each.what}: {each.said}\n")
            if each.fix:
                sys.stdout.write(f"    {each.fix}\n")
    return 1 if any(each.verdict == "wrong" for each in found) else 0


async def examined(settings: Settings, role: Role = "all") -> list[Finding]:
    """Everything that concerns this role, in the order in which it is to be put right."""
    found = _settings(settings, role)
    for look in (_user, _key, _sign_in, _tools, _database, _workers, _box, _github):
        if role in WORKS or look not in {_tools, _box}:
            found += await look(settings)
    return found


def _settings(settings: Settings, role: Role) -> list[Finding]:
    try:
        check_for_serving(settings, role)
    except UserError as error:
        return [Finding(what="settings", verdict="wrong", said=str(error), fix="See the installation page.")]
    if not settings.webhook_secret:
        return [Finding(what="settings", verdict="ok", said=f"complete for the role {role}")]
    said = f"complete; the webhook's secret has {len(settings.webhook_secret)} characters"
    if len(settings.webhook_secret) < 2 * MIN_SECRET:
        fix = "Make a longer one with `openssl rand -hex 32`, and rotate it as the installation page says."
        return [Finding(what="settings", verdict="warning", said=said, fix=fix)]
    return [Finding(what="settings", verdict="ok", said=said)]


async def _user(_: Settings) -> list[Finding]:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        fix = "Run it as a user of its own; agents get another one anyway."
        return [Finding(what="user", verdict="warning", said="it would run as root", fix=fix)]
    return [Finding(what="user", verdict="ok", said="not root")]


async def _key(settings: Settings) -> list[Finding]:
    if not settings.private_key or settings.private_key.lstrip().startswith("-----BEGIN"):
        return []
    path = Path(settings.private_key)
    try:
        mode = (await asyncio.to_thread(path.stat)).st_mode & 0o777
    except OSError as error:
        said = f"{path.name} can't be read ({error.strerror})"
        return [Finding(what="private key", verdict="wrong", said=said, fix="Give the bot's user that file.")]
    if mode & 0o077:
        said = f"others can read {path.name} (mode {mode:o})"
        return [Finding(what="private key", verdict="wrong", said=said, fix=f"chmod 600 {path.name}")]
    return [Finding(what="private key", verdict="ok", said="only the bot's user can read it")]


async def _sign_in(settings: Settings) -> list[Finding]:
    if not settings.client_id:
        local = is_loopback(settings.host)
        said = "not set up; pages and API answer only to the machine itself"
        fix = "" if local else "To let people in, set a client id and secret: the page about access says how."
        return [Finding(what="sign-in", verdict="ok" if local else "warning", said=said, fix=fix)]
    if not settings.admins:
        fix = "Set LOCKSTEP_ADMINS, or nobody sees deliveries and budgets."
        return [Finding(what="sign-in", verdict="warning", said="set up, without admins", fix=fix)]
    return [Finding(what="sign-in", verdict="ok", said=f"through {urlsplit(settings.github_url).hostname}")]


async def _tools(_: Settings) -> list[Finding]:
    if shutil.which("git") is None:
        return [Finding(what="git", verdict="wrong", said="it is not there", fix="Install git 2.38 or newer.")]
    process = await asyncio.create_subprocess_exec("git", "--version", stdout=asyncio.subprocess.PIPE)
    said = (await process.communicate())[0].decode().strip().removeprefix("git version ")
    numbers = [int(part) for part in said.split()[0].split(".")[:2] if part.isdigit()]
    if numbers < [2, 38]:
        return [Finding(what="git", verdict="wrong", said=f"{said} is too old", fix="Install git 2.38 or newer.")]
    return [Finding(what="git", verdict="ok", said=said)]


async def _database(settings: Settings) -> list[Finding]:
    folder = Path(settings.data_dir)
    if not settings.database_url and not (folder / "lockstep.sqlite").is_file():
        if not await asyncio.to_thread(_can_be_made, folder):
            said, fix = f"{folder} can't be made or written to", "Give it to the bot's user, or set LOCKSTEP_DATA_DIR."
            return [Finding(what="database", verdict="wrong", said=said, fix=fix)]
        return [Finding(what="database", verdict="ok", said="not there yet; it is made at the first start")]
    try:
        number, oldest = await visit(settings.database_url, folder, lambda c: (migrate.version(c), _oldest(c)))
    except LockstepError as error:
        fix = "Run `python -m bot migrate`, and look at the page about databases."
        return [Finding(what="database", verdict="wrong", said=str(error), fix=fix)]
    found = Finding(what="database", verdict="ok", said=f"takes writes; schema {number}")
    waits = (SystemClock().now() - from_text(oldest)).total_seconds() if oldest else 0.0
    if waits <= BEHIND:
        return [found, Finding(what="inbox", verdict="ok", said="no webhook waits for long")]
    fix = "Start the bot, which takes them up; if it runs, look into its log for handlers that fail."
    said = f"the oldest webhook has waited for {lasting(waits)}"
    return [found, Finding(what="inbox", verdict="wrong", said=said, fix=fix)]


def _oldest(connection: Connection) -> str:
    """When the oldest webhook came that no handler has seen, "" for none."""
    row = connection.execute("SELECT received_at FROM inbox WHERE outcome IS NULL ORDER BY id LIMIT 1").fetchone()
    return str(row[0]) if row else ""


async def _workers(settings: Settings) -> list[Finding]:
    """Of the processes that share a database: a conductor decides, and nothing is done without a worker."""
    if not settings.database_url:
        return []
    try:
        from services.store.tenure import CONDUCTOR, LOOK, WORKER

        kinds = await visit(settings.database_url, Path(settings.data_dir), lambda c: c.execute(LOOK).fetchall())
    except (ImportError, LockstepError):
        return []  # which the look at the database has said
    count = Counter(int(kind) for kind, *_ in kinds)
    said = f"conductors {count[CONDUCTOR]}, workers {count[WORKER]}"
    if not count[CONDUCTOR] and not count[WORKER]:
        fix = "Start them: the page about many processes says how. Before the first start this is as it should be."
        return [Finding(what="processes", verdict="warning", said=f"none conducts or works ({said})", fix=fix)]
    if not count[WORKER]:
        fix = "Start one with `python -m bot serve --role worker`."
        return [Finding(what="processes", verdict="wrong", said=f"no worker is there ({said})", fix=fix)]
    if not count[CONDUCTOR]:
        fix = "Start one with `python -m bot serve --role conductor`."
        return [Finding(what="processes", verdict="wrong", said=f"no conductor is there ({said})", fix=fix)]
    return [Finding(what="processes", verdict="ok", said=said)]


def _can_be_made(folder: Path) -> bool:
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return os.access(there, os.W_OK)


async def _box(settings: Settings) -> list[Finding]:
    if settings.sandbox == "none":
        fix = "Leave LOCKSTEP_SANDBOX at bwrap, unless only your own scripts run."
        return [Finding(what="box", verdict="warning", said="agents run unprotected", fix=fix)]
    try:
        await choose_box(settings.sandbox)
    except LockstepError as error:
        fix = "Without it only people and GitHub Actions do tasks: the page about the box says what it needs."
        return [Finding(what="box", verdict="wrong", said=str(error), fix=fix)]
    return [Finding(what="box", verdict="ok", said="bubblewrap confines agents")]


async def _github(settings: Settings) -> list[Finding]:
    if not settings.app_id or not settings.private_key:
        return []
    try:
        github = github_of(settings, SystemClock())
    except UserError as error:
        return [Finding(what="GitHub", verdict="wrong", said=str(error), fix="Put the setting right that it names.")]
    try:
        return [*_rights(await github.deliveries.about()), *_hook(settings, await github.deliveries.hook_url())]
    except (NotFound, Refused) as error:
        fix = "LOCKSTEP_APP_ID and LOCKSTEP_PRIVATE_KEY do not belong together, or the App is gone."
        return [Finding(what="GitHub", verdict="wrong", said=str(error), fix=fix)]
    except ApiError as error:
        fix = "Check the network, LOCKSTEP_GITHUB_API_URL, LOCKSTEP_PROXY and LOCKSTEP_CA_FILE."
        return [Finding(what="GitHub", verdict="wrong", said=str(error), fix=fix)]
    finally:
        await github.close()


def _rights(app: About) -> list[Finding]:
    """What the App may do, and what it may do too much."""
    levels = {"": 0, "read": 1, "write": 2, "admin": 3}
    lacks = [f"{name}: {level}" for name, level in NEEDED.items()
             if levels.get(app.permissions.get(name, ""), 0) < levels[level]]  # fmt: skip
    found = [Finding(what="GitHub", verdict="ok", said=f"answers as {app.slug}")]
    if lacks:
        fix = "Grant them in the App's settings, then accept them in each installation; app.yml lists all."
        found.append(Finding(what="permissions", verdict="wrong", said=f"missing: {', '.join(lacks)}", fix=fix))
    if much := [name for name in DANGEROUS if app.permissions.get(name)]:
        said, fix = f"more than it should have: {', '.join(much)}", "Take them away; Lockstep never needs them."
        found.append(Finding(what="permissions", verdict="wrong", said=said, fix=fix))
    return found if len(found) > 1 else [*found, Finding(what="permissions", verdict="ok", said="as app.yml asks")]


def _hook(settings: Settings, url: str) -> list[Finding]:
    host = urlsplit(settings.public_url).hostname
    if not url:
        fix = "Set it in the App's settings to https://your.host/webhook."
        return [Finding(what="webhook", verdict="wrong", said="the App has no webhook URL", fix=fix)]
    if not url.rstrip("/").endswith("/webhook") or (host and urlsplit(url).hostname != host):
        fix = f"It should be {settings.public_url.rstrip('/') or 'https://your.host'}/webhook."
        return [Finding(what="webhook", verdict="warning", said=f"GitHub sends to {url}", fix=fix)]
    return [Finding(what="webhook", verdict="ok", said=f"GitHub sends to {url}")]
