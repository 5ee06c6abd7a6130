"""What a job's steps become: conditions, environments, scripts, and what one step leaves for the next.

Pure of processes: the runner asks for a plan, runs it, and tells how it ended. Of other people's actions only checkout
and the setup ones are known, and do nothing: the files and the tools are there already. Any other fails with one clear
line.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from services.sandbox import actions_shell, expressions
from services.sandbox.actions_context import JobOrder
from services.sandbox.actions_file import StepSpec
from services.sandbox.actions_shell import Ended
from services.sandbox.expressions import ExpressionError

NOTHING_TO_DO = re.compile(r"actions/(checkout|setup-[a-z0-9-]+)(@[\w./-]+)?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,250}")
FILES = ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY", "STATE")
LARGEST_FILE = 1_000_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do for one step: run `argv`, check `checkout` out, or nothing: it has `ended` already, or is skipped."""

    heading: str = ""
    argv: list[str] = []
    directory: Path = Path()
    env: dict[str, str] = {}
    seconds: float = 0.0
    checkout: str = ""
    is_checkout: bool = False
    ended: Ended | None = None


def titles(order: JobOrder) -> list[str]:
    """The steps' names as they are shown."""
    return [_shown(step, order.contexts) for step in order.steps]


def _shown(step: StepSpec, context: Mapping[str, Any]) -> str:
    try:
        return expressions.interpolate(step.title, context)
    except ExpressionError:
        return step.title


class Progress:
    """One job under way. `conclusion` is success until a step fails that may not."""

    def __init__(self, order: JobOrder, top: Path) -> None:
        self.order = order
        self.top = top
        self.work = top / "work"
        self.conclusion = "success"
        self.env: dict[str, str] = dict(order.env)
        self.paths: list[str] = []
        self.steps: dict[str, dict[str, Any]] = {}
        self.plans: dict[int, Plan] = {}

    def prepare(self) -> None:
        for name in ("work", "home", "temp", "tools"):
            (self.top / name).mkdir()
        (self.top / "event.json").write_bytes(msgspec.json.encode(self.order.contexts["github"]["event"]))

    def clear_work(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(exist_ok=True)

    def git_env(self) -> dict[str, str]:
        return {
            "PATH": actions_shell.PATH,
            "HOME": str(self.top / "home"),
            "GIT_INDEX_FILE": str(self.top / "index"),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def context(self) -> dict[str, Any]:
        runner = {"os": "Linux", "arch": "X64", "name": "sandbox", "temp": str(self.top / "temp"), "tool_cache": ""}
        github = {
            **self.order.contexts["github"],
            "workspace": str(self.work),
            "event_path": str(self.top / "event.json"),
        }
        return {
            **self.order.contexts,
            "github": github,
            "env": self.env,
            "steps": self.steps,
            "runner": runner,
            "job": {"status": self.conclusion},
        }

    def plan(self, position: int) -> Plan:
        """Decide what a step does now; whatever does not resolve ends it as failed."""
        step = self.order.steps[position]
        functions = {
            "success": lambda: self.conclusion == "success",
            "failure": lambda: self.conclusion == "failure",
            "cancelled": lambda: False,
            "always": lambda: True,
        }
        try:
            context = self.context()
            if step.env:
                own = {name: expressions.interpolate(text, context) for name, text in step.env.items()}
                context["env"] = {**self.env, **own}
            if not expressions.condition(step.condition, context, functions):
                plan = Plan()
            else:
                plan = self._uses(step, context) if step.uses else self._script(step, position, context)
        except ExpressionError as problem:
            plan = _failed(str(problem))
        self.plans[position] = plan
        return plan

    def _uses(self, step: StepSpec, context: dict[str, Any]) -> Plan:
        if not NOTHING_TO_DO.fullmatch(step.uses):
            return _failed(
                f"The action {step.uses[:100]} is not known here; only actions/checkout and actions/setup-* are"
            )
        inputs = {name: expressions.interpolate(text, context) for name, text in step.inputs.items()}
        heading = f"##[group]Run {step.uses}\n##[endgroup]\n"
        if not step.uses.startswith("actions/checkout"):
            return Plan(heading=heading, ended=Ended(code=0, output="What is on this machine is used.\n"))
        other = inputs.get("repository", "").lower() not in {"", context["github"]["repository"].lower()}
        if other or inputs.get("path", ".").rstrip("/") not in {"", "."}:
            return _failed("Only the repository itself can be checked out here, and only into the workspace")
        if inputs.get("ref"):
            return Plan(heading=heading, checkout=inputs["ref"])
        return Plan(heading=heading, is_checkout=True, ended=Ended(code=0, output=f"HEAD is now at {self.order.sha}\n"))

    def _script(self, step: StepSpec, position: int, context: dict[str, Any]) -> Plan:
        text = expressions.interpolate(step.run, context).replace("\0", "")
        script = self.top / "temp" / f"step{position}.{'py' if step.shell == 'python' else 'sh'}"
        script.write_text(text if text.endswith("\n") else text + "\n")
        shell = step.shell or self.order.shell
        argv = actions_shell.command(shell, script)
        if argv is None:
            return _failed(f"The shell {shell[:100]} is not on this machine")
        place = expressions.interpolate(step.directory or self.order.directory, context)
        directory = self.work / place
        if not directory.is_dir():
            return _failed(f"The working directory {place[:200]} is not there")
        minutes = expressions.number(expressions.value(step.minutes, context)) if step.minutes else 0.0
        lines = text.rstrip().splitlines() or [""]
        heading = "\n".join(
            [f"##[group]Run {lines[0]}", *lines, f"shell: {' '.join(argv[:-1])} {{0}}", "##[endgroup]", ""]
        )
        return Plan(
            heading=heading,
            argv=argv,
            directory=directory,
            env=self._environment(position, context),
            seconds=minutes * 60 if minutes > 0 else 0.0,
        )

    def _environment(self, position: int, context: dict[str, Any]) -> dict[str, str]:
        """What the process sees: the workflow's own variables, and over them those that belong to the runner."""
        given = {k: v.replace("\0", "") for k, v in context["env"].items() if NAME.fullmatch(k)}
        files = {f"GITHUB_{name}": self.top / "temp" / f"{name.lower()}{position}" for name in FILES}
        for path in files.values():
            path.touch()
        github = context["github"]
        texts = {f"GITHUB_{name.upper()}": v for name, v in github.items() if isinstance(v, str) and name != "token"}
        return {
            "LANG": "C.UTF-8",
            **given,
            **texts,
            **{name: str(path) for name, path in files.items()},
            "PATH": ":".join([*self.paths, actions_shell.PATH]),
            "HOME": str(self.top / "home"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "RUNNER_NAME": "sandbox",
            "RUNNER_TEMP": str(self.top / "temp"),
            "RUNNER_TOOL_CACHE": str(self.top / "tools"),
            "GIT_TERMINAL_PROMPT": "0",
        }

    def settle(self, position: int, code: int | None) -> str:
        """How the step ended (None: it was skipped); takes its files over; the conclusion it shows."""
        step = self.order.steps[position]
        outcome = "skipped" if code is None else "failure" if code else "success"
        outputs = self._collect(position) if code is not None and self.plans[position].argv else {}
        conclusion = "success" if outcome == "failure" and self._tolerated(step) else outcome
        if conclusion == "failure":
            self.conclusion = "failure"
        if step.id:
            self.steps[step.id] = {"outputs": outputs, "outcome": outcome, "conclusion": conclusion}
        return conclusion

    def _tolerated(self, step: StepSpec) -> bool:
        try:
            return expressions.value(step.tolerated, self.context()) in {True, "true"} if step.tolerated else False
        except ExpressionError:
            return False

    def _collect(self, position: int) -> dict[str, str]:
        texts = {name: _read(self.top / "temp" / f"{name.lower()}{position}") for name in FILES}
        self.env.update(pairs(texts["ENV"]))
        self.paths[:0] = [line for line in texts["PATH"].splitlines()[::-1] if line.strip()]
        return pairs(texts["OUTPUT"])

    def job_outputs(self) -> dict[str, str]:
        """The job's `outputs:`; one that does not resolve is empty, as on GitHub."""
        out = {}
        for name, text in self.order.outputs.items():
            try:
                out[name] = expressions.interpolate(text, self.context())
            except ExpressionError:
                out[name] = ""
        return out


def pairs(text: str) -> dict[str, str]:
    """`name=value` lines, and `name<<END` with the lines up to END."""
    out: dict[str, str] = {}
    rows = iter(text.splitlines())
    for row in rows:
        name, equals, value = row.partition("=")
        before, here, end = row.partition("<<")
        if here and end and (not equals or len(before) < len(name)):
            name, body = before, []
            for line in rows:
                if line == end:
                    break
                body.append(line)
            value = "\n".join(body)
        elif not equals:
            continue
        if NAME.fullmatch(name):
            out[name] = value
    return out


def _failed(line: str) -> Plan:
    return Plan(ended=Ended(code=1, output=f"##[error]{line}\n"))


def _read(path: Path) -> str:
    """What a step wrote, bounded; nothing when it removed the file or put something else there."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(LARGEST_FILE).decode(errors="replace")
