"""`python -m bot plan`: `check FILE` reads a plan and says what is in it or what is wrong with it; `simulate FILE` says
what it is likely to take; `schema` prints its JSON schema, or that of a repository's settings or of an owner's
repositories.

The same parser as the bot's, on a file, without network or database, so a plan can be checked in CI and before it is
posted.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from bot.plan_show import show, show_simulated
from services.core import graph
from services.core.config import config_schema
from services.core.lengths import Lengths
from services.core.overlap import concerned
from services.core.parse import Form, parse_bytes
from services.core.places import Limits
from services.core.plan import MAX_BYTES, PERSON, Parsed
from services.core.plan_advice import with_agents
from services.core.plan_rules import is_repo
from services.core.plan_schema import plan_schema
from services.core.reposet import set_schema
from services.core.simulate import simulate
from services.errors import UserError

FORMS: dict[str, Form] = {".yaml": "yaml", ".yml": "yaml", ".md": "issue", ".markdown": "issue"}
MOST_WORKERS = 1_000
USUAL = frozenset({"script", PERSON})
"""Agents that are known without a look at all of them."""


def main(arguments: list[str]) -> int:
    """0: the plan is valid; 1: it is not; 2: the file or an argument can't be used, with one sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        if options.action == "schema":
            schema = config_schema() if options.settings else set_schema() if options.repositories else plan_schema()
            sys.stdout.write(_json(schema, indent=2))
            return 0
        return _simulate(options) if options.action == "simulate" else _check(options)
    except UserError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot plan", description="Check or simulate a plan, or print the schema of plans."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a plan and name everything that is wrong with it")
    lived = actions.add_parser("simulate", help="say what a plan is likely to take: time, calls, CI and money")
    for action in (check, lived):
        action.add_argument(
            "file", metavar="FILE", help="an issue's text (.md) or a YAML plan (.yaml); `-` reads standard input"
        )
        action.add_argument("--home", metavar="OWNER/REPO", default="", help="repository of tasks that name none")
        action.add_argument(
            "--installed", metavar="FILE", help="repositories that may be named, one on a line; without it any may"
        )
        action.add_argument("--json", action="store_true", help="print one JSON object")
    lived.add_argument("--workers", metavar="N", type=int, default=4, help="attempts at a time; 4 if not given")
    schema = actions.add_parser("schema", help="print the JSON schema of a plan in YAML")
    other = schema.add_mutually_exclusive_group()
    other.add_argument("--settings", action="store_true", help="print that of .github/lockstep.yml instead")
    other.add_argument("--repositories", action="store_true", help="print that of repositories.yaml instead")
    return parser


def _check(options: argparse.Namespace) -> int:
    parsed = _among_agents(_parsed(options))
    if options.json:
        sys.stdout.write(_json(report(parsed)))
    else:
        show(parsed, options.file, sys.stdout)
    return 0 if parsed.plan else 1


def _among_agents(parsed: Parsed) -> Parsed:
    """With the bot's own warning of agents that there are not. Their modules are heavy, so only who names one waits."""
    if all(task.agent in USUAL for task in parsed.tasks):
        return parsed
    from services.agents import agent_names

    return with_agents(parsed, {*agent_names(), PERSON})


def _simulate(options: argparse.Namespace) -> int:
    """There is no history here, and no settings of repositories: the same command in a comment goes by the bot's."""
    if not 1 <= options.workers <= MOST_WORKERS:
        raise UserError(f"--workers takes 1 to {MOST_WORKERS:,}.")
    parsed = _parsed(options)
    if parsed.plan is None:
        if options.json:
            sys.stdout.write(_json(report(parsed)))
        else:
            show(parsed, options.file, sys.stdout)
        return 1
    places = options.workers
    limits = Limits(total=places, installation=places, repo=places, agent=places, group=places)
    plan = msgspec.structs.replace(parsed.plan, apart=concerned(parsed.plan))  # as it is where nothing is set
    found = simulate(plan, {}, Lengths(), limits)
    if options.json:
        sys.stdout.write(_json({"hash": parsed.plan.hash, "title": parsed.plan.title, **msgspec.structs.asdict(found)}))
    else:
        show_simulated(found, sys.stdout)
    return 0


def _parsed(options: argparse.Namespace) -> Parsed:
    if options.home and not is_repo(options.home):
        raise UserError(f"--home {options.home!a} is not a repository; write it as owner/name.")
    installed = _installed(options.installed) if options.installed else None
    name = options.file
    data = sys.stdin.buffer.read(MAX_BYTES + 1) if name == "-" else _read(name, MAX_BYTES + 1)
    form = FORMS.get(Path(name).suffix.lower(), "auto")
    return parse_bytes(data, home=options.home, installed=installed, form=form)


def _installed(name: str) -> set[str]:
    lines = _read(name, MAX_BYTES * 10).decode("utf-8-sig", "replace").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")}


def _read(name: str, most: int) -> bytes:
    path = Path(name)
    try:
        with path.open("rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a file name"
        raise UserError(f"{name!a} can't be read: {reason}.") from error


def report(parsed: Parsed) -> dict[str, Any]:
    """What `--json` prints: the verdict, the numbers of the graph and every problem."""
    needs = {task.id: list(task.needs) for task in parsed.tasks}
    path = graph.critical_path(parsed.plan) if parsed.plan else ()
    return {
        "verdict": "valid" if parsed.plan else "invalid",
        "title": parsed.plan.title if parsed.plan else "",
        "hash": parsed.plan.hash if parsed.plan else None,
        "tasks": len(parsed.tasks),
        "edges": sum(len(wanted) for wanted in needs.values()),
        "repos": sorted({task.repo for task in parsed.tasks}),
        "critical_path": len(path),
        "critical_path_tasks": path,
        "layers": graph.layers(needs) if parsed.plan else [],
        "roots": graph.roots(needs),
        "done": [task.id for task in parsed.tasks if task.done],
        "needs": needs,
        "errors": [problem for problem in parsed.problems if problem.severity == "error"],
        "warnings": [problem for problem in parsed.problems if problem.severity == "warning"],
    }


def _json(value: object, *, indent: int = 0) -> str:
    text = msgspec.json.encode(value)
    return (msgspec.json.format(text, indent=indent) if indent else text).decode() + "\n"
