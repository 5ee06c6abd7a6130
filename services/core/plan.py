"""What a plan is, once it has been read: values that every other part of Lockstep shares.

All forms of writing a plan (task list, YAML, file, native relations) become this one form and this one hash, so an
approval can be bound to content and not to spelling.
"""

import functools
import hashlib
from collections.abc import Mapping
from typing import Literal

import msgspec

RepoName = str
"""`owner/name`, as GitHub spells it."""

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
MAX_TASKS = 1_000
MAX_TITLE = 256
MAX_BYTES = 1_000_000
PERSON = "human"
"""Named like an agent where a person does the work."""
DEFAULT_TIMEOUT = 1_800
"""Seconds one attempt may take when neither the task nor the plan's defaults say."""


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One node of the graph; `timeout` in seconds, `priority` higher first, `line` 1-based in the whole document.
    issue: the one that it is, in its repository, 0 for a task that was written otherwise.
    """

    id: str
    title: str
    repo: RepoName
    needs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    agent: str = "script"
    priority: float = 0.0
    timeout: int = DEFAULT_TIMEOUT
    group: str = ""
    verify: str = ""
    rollback: str = ""
    body: str = ""
    run: str = ""
    prompt: str = ""
    budget: str = ""
    model: str = ""
    workflow: str = ""
    done: bool = False
    issue: int = 0
    line: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A checked plan: ids unique, needs known, no cycle, repositories installed.

    apart: repositories whose tasks do not change the same files at the same time, stacked: those of them where the
    later begins on the head of the earlier; when something is done and not what, by their own settings, so it is no
    part of what is approved. deploys: those that are told what has merged, which is.
    """

    title: str
    tasks: tuple[Task, ...]
    apart: tuple[RepoName, ...] = ()
    stacked: tuple[RepoName, ...] = ()
    deploys: tuple[RepoName, ...] = ()

    @functools.cached_property
    def by_id(self) -> Mapping[str, Task]:
        return {task.id: task for task in self.tasks}

    @functools.cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The groups of several tasks, which merge together: name -> ids."""
        found: dict[str, list[str]] = {}
        for task in self.tasks:
            if task.group:
                found.setdefault(task.group, []).append(task.id)
        return {name: tuple(ids) for name, ids in found.items() if len(ids) > 1}

    @property
    def repos(self) -> tuple[RepoName, ...]:
        return tuple(sorted({task.repo for task in self.tasks}))

    @functools.cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the normal form: order of tasks, needs and paths, spelling and line numbers don't count."""
        tasks = [_content(task) for task in sorted(self.tasks, key=lambda task: task.id)]
        more = [sorted(self.deploys)] if self.deploys else []  # none changes no hash of a plan that deploys nothing
        return hashlib.sha256(msgspec.json.encode([self.title, tasks, *more], order="sorted")).hexdigest()


def _content(task: Task) -> dict[str, object]:
    """What a task says. Defaults are left out by value, so that a key added one day changes no hash of today."""
    values = msgspec.structs.asdict(msgspec.structs.replace(task, line=0))
    kept = {name: value for name, value in values.items() if value != getattr(_PLAIN, name)}
    return {**kept, "id": task.id, "title": task.title, "needs": sorted(task.needs), "paths": sorted(task.paths)}


_PLAIN = Task(id="", title="", repo="")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a plan's text: `message` is one sentence that quotes the text and says the fix."""

    kind: str
    message: str
    line: int = 0
    column: int = 0
    severity: Literal["error", "warning"] = "error"


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """The reading of a document: a plan exactly when `errors` is empty."""

    plan: Plan | None
    problems: tuple[Problem, ...] = ()
    tasks: tuple[Task, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")
