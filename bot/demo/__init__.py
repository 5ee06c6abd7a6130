"""`python -m bot demo`: the main job, end to end, on this machine, with nothing to set up.

GitHub's stand-in and the bot run on free ports of 127.0.0.1. With `--plan` and `--repo` it plays the user's own plan
on copies of the user's own repositories. Exit status 0 only when everything is merged.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from bot import logs
from bot.clock import SystemClock
from bot.demo import show, stage, story, summary
from bot.settings import Settings
from services.agents.box import choose_box
from services.errors import AgentError, LockstepError, UserError

PATIENCE = 600.0


def main(arguments: list[str]) -> int:
    """Run the demo; 0 when all is merged, 1 when not, 2 for bad usage or input, 130 after Ctrl-C."""
    chosen = _parser().parse_args(arguments)
    if bool(chosen.plan) != bool(chosen.repo):
        sys.stderr.write(
            "lockstep: --plan and --repo go together: the plan, and a folder for each repository it names.\n"
        )
        return 2
    root = Path(chosen.keep).absolute() if chosen.keep else Path(tempfile.mkdtemp(prefix="lockstep-demo-"))
    try:
        root.mkdir(parents=True, exist_ok=True)
        if chosen.keep and any(root.iterdir()):
            raise UserError(f"{root} is not empty; name a new folder for --keep.")
        root.chmod(0o711)  # the box's own user must be able to pass through
        return _run(chosen, root)
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nlockstep: stopped; nothing outside the demo's own folder was touched.\n")
        return 130
    finally:
        if not chosen.keep:
            shutil.rmtree(root, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot demo", description="Run a plan to its last merge on this machine."
    )
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="your own plan (Markdown or YAML) instead of the built-in one"
    )
    parser.add_argument(
        "--repo",
        type=Path,
        metavar="DIR",
        nargs="+",
        action="extend",
        help="a git folder for each repository the plan names",
    )
    parser.add_argument(
        "--test", metavar="COMMAND", default="", help="replace the repositories' workflows by this one command"
    )
    parser.add_argument(
        "--checks",
        choices=["required", "none"],
        default="required",
        help="none: merge without checks where there are no workflows",
    )
    parser.add_argument("--keep", metavar="DIR", help="leave repositories, database and log in this new folder")
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        default=PATIENCE,
        help="give up after this long (default %(default)s)",
    )
    parser.add_argument("--no-cache", action="store_true", help="turn every saving of API calls off, to compare")
    parser.add_argument("--json", action="store_true", help="print only the summary, as one JSON object")
    return parser


def _run(chosen: argparse.Namespace, root: Path) -> int:
    secret = secrets.token_hex(32)
    if chosen.plan:
        set_up = stage.users_stage(root, secret, chosen.plan, chosen.repo, chosen.test)
    else:
        set_up = stage.own_stage(root, secret)
    with (root / "lockstep.log").open("w") as log:
        logs.set_up(style="json", level="INFO", redactor=logs.Redactor([secret, set_up.person_token]), stream=log)
        watching = show.audience(as_json=chosen.json)
        try:
            ending = asyncio.run(_tell(chosen, root, set_up, secret, watching))
        finally:
            watching.close()
    if chosen.keep:
        stage.name_repositories(root, set_up.sandbox)
    if chosen.json:
        sys.stdout.write(summary.as_json(ending) + "\n")
    else:
        summary.print_for_people(ending, str(root) if chosen.keep else "")
    return 0 if summary.is_ok(ending) else 1


async def _tell(
    chosen: argparse.Namespace, root: Path, set_up: stage.Stage, secret: str, watching: show.Lines | show.Board
) -> story.Ending:
    sandbox, notice = "bwrap", ""
    try:
        await choose_box("bwrap")
    except AgentError as why:
        sandbox, notice = "none", f"Note: {why} The demo's scripts run unprotected."
    settings = Settings(
        app_id=str(set_up.app.app_id),
        private_key=set_up.app.private_key,
        webhook_secret=secret,
        data_dir=str(root / "bot"),
        port=0,
        sandbox=sandbox,  # type: ignore[arg-type]
        checks=chosen.checks,
        comment_interval=1.0,
        cache=not chosen.no_cache,
        api_pacing=False,
    )
    return await story.tell(set_up, settings, SystemClock(), watching, notice, chosen.timeout)
