"""The command line: `python -m bot COMMAND …`. It only finds the command's module, so that every command starts
quickly.

A command is a module with `main(arguments) -> exit status` (0 done, 1 the answer is no, 2 bad usage or input).
"""

import importlib
import io
import os
import sys

COMMANDS = {
    "demo": ("bot.demo", "run a plan to its last merge on this machine"),
    "serve": ("bot.serve", "run the bot"),
    "diagnose": ("bot.diagnose", "say what a CI log tells of, with the lines that show it"),
    "migrate": ("bot.migrate", "bring the database up to this version"),
    "records": ("bot.records", "print or delete what was learned of a repository"),
    "plan": ("bot.plan_cli", "check or simulate a plan, or print the schema of plans"),
    "setup": ("bot.setup", "make the GitHub App in the browser and write its credentials"),
    "doctor": ("bot.doctor", "say what is wrong with how it is set, and what to do"),
    "backup": ("bot.backup", "copy the database while the bot runs"),
    "restore": ("bot.backup:restore", "put a copy back"),
    "export": ("bot.export", "write what is stored of a plan, without secrets"),
    "replay": ("bot.replay", "have webhooks handled once more"),
    "token": ("bot.token_cli", "make, list and revoke tokens for the API"),
    "resolve": ("bot.resolve", "merge a file and resolve the conflicts that can be proved"),
}

CUT_OFF = 141
"""The exit status of a program that nobody listens to any more, as shells tell it."""


def usage() -> str:
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items())
    return "\n".join(["usage: python -m bot COMMAND [--help] …", "", *lines, ""])


def main(arguments: list[str]) -> int:
    """Run one command and give back its exit status."""
    if arguments and arguments[0] in {"-h", "--help", "help"}:
        sys.stdout.write(usage())
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        what = f"there is no command {arguments[0]!a}" if arguments else "which command?"
        sys.stderr.write(f"lockstep: {what}\n{usage()}")
        return 2
    module, _, name = COMMANDS[arguments[0]][0].partition(":")
    return int(getattr(importlib.import_module(module), name or "main")(arguments[1:]))


def _to_its_end(arguments: list[str]) -> int:
    """Whoever reads may stop before the end, as `| head` does, or read an alphabet that lacks some signs."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that nothing is left to say at the end
        return CUT_OFF
    return status


if __name__ == "__main__":
    sys.exit(_to_its_end(sys.argv[1:]))
