"""A workflow file, read into values.

The text comes from a repository, so it is hostile: size, nesting and counts are bounded, and whatever is wrong with it
is one Broken with one line. YAML 1.1 reads `on:` as true and `yes` as a boolean; this loader does not, as GitHub does
not.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec
import yaml

LARGEST = 200_000
DEEPEST = 30
MOST_NODES = 20_000
MOST_JOBS = 100
MOST_STEPS = 200
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class Broken(ValueError):
    """Why a file is no workflow: one line for people."""


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """One event of `on:`. A filter that is None was not given, which is not the same as an empty one."""

    branches: list[str] | None = None
    branches_ignore: list[str] | None = None
    tags: list[str] | None = None
    tags_ignore: list[str] | None = None
    paths: list[str] | None = None
    paths_ignore: list[str] | None = None
    types: list[str] | None = None
    workflows: list[str] | None = None
    inputs: dict[str, dict[str, Any]] = {}


class StepSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A step as written: texts may hold expressions."""

    id: str = ""
    name: str = ""
    run: str = ""
    uses: str = ""
    inputs: dict[str, str] = {}  # with
    shell: str = ""
    directory: str = ""
    env: dict[str, str] = {}
    condition: str = ""
    tolerated: str = ""  # continue-on-error
    minutes: str = ""  # timeout-minutes

    @property
    def title(self) -> str:
        return self.name or f"Run {(self.run.strip() or self.uses).splitlines()[0][:100]}"


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: str
    needs: list[str]
    steps: list[StepSpec]
    condition: str = ""
    env: dict[str, str] = {}
    labels: list[str] = []
    matrix: Any = None  # a mapping, or an expression that gives one
    fail_fast: str = "true"
    tolerated: str = ""
    minutes: str = ""
    outputs: dict[str, str] = {}
    shell: str = ""
    directory: str = ""
    writes: bool = False  # permissions: contents: write


class WorkflowFile(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    run_name: str
    on: dict[str, Trigger]
    env: dict[str, str]
    jobs: dict[str, JobSpec]


class _Loader(yaml.SafeLoader):
    """Booleans are true and false only, dates stay text.

    Nesting has an end, and an alias counts as all it stands for.
    """

    depth = 0
    count = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Broken(f"The file is nested deeper than {DEEPEST} levels")
        before, is_alias = self.count, self.check_event(yaml.AliasEvent)
        sizes = self.__dict__.setdefault("sizes", {})
        node = super().compose_node(parent, index)
        self.count += sizes.get(id(node), MOST_NODES) if is_alias else 1
        if self.count > MOST_NODES:
            raise Broken(f"The file has more than {MOST_NODES} values")
        if not is_alias:
            sizes[id(node)] = self.count - before
        self.depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)


@lru_cache(maxsize=512)
def parse(path: str, text: str) -> WorkflowFile:
    """Read one file; Broken when GitHub would not run it either."""
    if len(text) > LARGEST:
        raise Broken(f"The file is larger than {LARGEST} characters")
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with fewer types
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" on line {mark.line + 1}" if mark is not None else ""
        raise Broken(f"You have an error in your yaml syntax{where}") from None
    except (ValueError, RecursionError) as error:
        raise Broken(str(error) if isinstance(error, Broken) else "You have an error in your yaml syntax") from None
    top = _mapping(raw, "The file")
    if "on" not in top:
        raise Broken("No event triggers defined in `on`")
    jobs = _mapping(top.get("jobs"), "`jobs`")
    if not 1 <= len(jobs) <= MOST_JOBS:
        raise Broken(f"A workflow has 1 to {MOST_JOBS} jobs")
    run = _mapping(_mapping(top.get("defaults") or {}, "`defaults`").get("run") or {}, "`defaults.run`")
    writes = _may_write(top.get("permissions"))
    specs = {str(key): _job(str(key), _mapping(body, f"Job `{key}`"), run, writes) for key, body in jobs.items()}
    _check_needs(specs)
    return WorkflowFile(
        name=_text(top.get("name")) or path,
        run_name=_text(top.get("run-name")),
        on=_triggers(top["on"]),
        env=_env(top.get("env"), "`env`"),
        jobs=specs,
    )


def _may_write(permissions: Any) -> bool:
    """Do they let a job write the contents of the repository? Without any, it depends on GitHub's settings: no."""
    if isinstance(permissions, dict):
        return bool(permissions.get("contents") == "write")
    return bool(permissions == "write-all")


def _job(key: str, body: dict[str, Any], defaults: dict[str, Any], writes: bool) -> JobSpec:
    if not KEY.fullmatch(key):
        raise Broken(f"Job name `{key[:50]}` has characters that are not allowed")
    for word in ("uses", "container", "services"):
        if word in body:
            raise Broken(f"Job `{key}` uses `{word}`, which this runner does not have")
    if "runs-on" not in body:
        raise Broken(f"Job `{key}`: required property is missing: runs-on")
    steps = body.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise Broken(f"Job `{key}` has 1 to {MOST_STEPS} steps")
    strategy = _mapping(body.get("strategy") or {}, f"Job `{key}`: `strategy`")
    own = _mapping(_mapping(body.get("defaults") or {}, "`defaults`").get("run") or {}, "`defaults.run`")
    run = {**defaults, **own}
    return JobSpec(
        key=key,
        name=_text(body.get("name")),
        needs=_texts(body.get("needs"), f"Job `{key}`: `needs`"),
        steps=[_step(key, n, _mapping(step, f"Job `{key}`: step {n}")) for n, step in enumerate(steps, 1)],
        condition=_condition(body),
        env=_env(body.get("env"), f"Job `{key}`: `env`"),
        labels=_labels(body["runs-on"]),
        matrix=strategy.get("matrix"),
        fail_fast=_text(strategy.get("fail-fast", True)),
        tolerated=_text(body.get("continue-on-error")),
        minutes=_text(body.get("timeout-minutes")),
        outputs=_env(body.get("outputs"), f"Job `{key}`: `outputs`"),
        shell=_text(run.get("shell")),
        directory=_text(run.get("working-directory")),
        writes=_may_write(body["permissions"]) if "permissions" in body else writes,
    )


def _step(key: str, position: int, body: dict[str, Any]) -> StepSpec:
    run, uses = _text(body.get("run")), _text(body.get("uses"))
    if bool(run.strip()) == bool(uses.strip()):
        raise Broken(f"Job `{key}`: step {position} needs exactly one of `run` and `uses`")
    return StepSpec(
        id=_text(body.get("id")),
        name=_text(body.get("name")),
        run=run,
        uses=uses,
        inputs=_env(body.get("with"), f"Job `{key}`: step {position}: `with`"),
        shell=_text(body.get("shell")),
        directory=_text(body.get("working-directory")),
        env=_env(body.get("env"), f"Job `{key}`: step {position}: `env`"),
        condition=_condition(body),
        tolerated=_text(body.get("continue-on-error")),
        minutes=_text(body.get("timeout-minutes")),
    )


def _condition(body: dict[str, Any]) -> str:
    return _text(body["if"]) or "''" if "if" in body else ""


def _check_needs(jobs: dict[str, JobSpec]) -> None:
    """Every need is there, and somewhere there is a job to begin with, all the way down."""
    for job in jobs.values():
        for need in job.needs:
            if need not in jobs:
                raise Broken(f"Job `{job.key}` depends on unknown job `{need[:50]}`")
    reached: set[str] = set()
    while ready := {key for key, job in jobs.items() if key not in reached and reached.issuperset(job.needs)}:
        reached |= ready
    if len(reached) < len(jobs):
        raise Broken("The workflow must contain at least one job with no dependencies; its needs go round in a circle")


def _triggers(on: Any) -> dict[str, Trigger]:
    if isinstance(on, str):
        return {on: Trigger()}
    if isinstance(on, list):
        return {_text(event): Trigger() for event in on}
    out = {}
    for event, raw in _mapping(on, "`on`").items():
        body = raw if isinstance(raw, dict) else {}
        filters = {
            word.replace("-", "_"): _texts(body[word], f"`on.{event}.{word}`")
            for word in (
                "branches",
                "branches-ignore",
                "tags",
                "tags-ignore",
                "paths",
                "paths-ignore",
                "types",
                "workflows",
            )
            if word in body
        }
        inputs = _mapping(body.get("inputs") or {}, f"`on.{event}.inputs`")
        known = {str(name): spec if isinstance(spec, dict) else {} for name, spec in inputs.items()}
        out[str(event)] = Trigger(**filters, inputs=known)
    return out


def _labels(runs_on: Any) -> list[str]:
    if isinstance(runs_on, dict):
        runs_on = runs_on.get("labels") or runs_on.get("group")
    return _texts(runs_on, "`runs-on`")


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Broken(f"{what} must be a mapping")
    return value


def _text(value: Any) -> str:
    """A scalar as GitHub spells it; nothing for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _texts(value: Any, what: str) -> list[str]:
    if value is None:
        return []
    rows = value if isinstance(value, list) else [value]
    if len(rows) > 256 or not all(isinstance(row, str | int | float | bool) for row in rows):
        raise Broken(f"{what} must be a name or a list of names")
    return [_text(row) for row in rows]


def _env(value: Any, what: str) -> dict[str, str]:
    return {str(name): _text(text) for name, text in _mapping(value or {}, what).items()}
