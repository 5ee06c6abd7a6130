"""Writes a plan back as the text of an issue, so that a plan from anywhere can be posted, read by people and parsed
again.

What is written always gives the same plan: the task list is parsed again before it is used, and a plan that a task
list can't hold (a script of several lines, a title with a dot between blanks) is written as a `yaml` block instead.
"""

import re

import msgspec

from services.core.parse import parse
from services.core.plan import DEFAULT_TIMEOUT, Plan, Task

_COMMANDS = ("verify", "rollback", "run", "prompt")
_NAMES = ("agent", "group", "budget", "model")
_PLAIN = Task(id="", title="", repo="")


def render_task_list(plan: Plan) -> str:
    """A Markdown text that `parse` turns into this plan: a task list where that can hold it, else one `yaml` block."""
    heading = f"# {plan.title}\n\n" if plan.title else ""
    text = heading + "".join(_entry(task) for task in plan.tasks)
    return text if _gives_back(text, plan) else f"{_fenced(render_yaml(plan))}\n"


def render_yaml(plan: Plan) -> str:
    """The plan as the content of a YAML file."""
    content: dict[str, object] = {"title": plan.title} if plan.title else {}
    content["tasks"] = [_mapping(task) for task in plan.tasks]
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1_000_000)


def _gives_back(text: str, plan: Plan) -> bool:
    read = parse(text, home="", form="issue").plan
    return read is not None and read.title == plan.title and _without_lines(read) == _without_lines(plan)


def _without_lines(plan: Plan) -> list[Task]:
    return [msgspec.structs.replace(task, line=0) for task in plan.tasks]


def _entry(task: Task) -> str:
    parts = [f"- [{'x' if task.done else ' '}] **{task.id}** {task.title} ({task.repo})"]
    if task.needs:
        parts.append(f"needs: {', '.join(task.needs)}")
    if task.paths:
        parts.append(f"paths: {', '.join(_code(path) for path in task.paths)}")
    parts += [f"{key}: {value}" for key, value in _simple(task).items()]
    parts += [f"{key}: {_code(value)}" for key in _COMMANDS if (value := getattr(task, key))]
    body = "".join(f"  {line}\n" if line else "\n" for line in task.body.split("\n")) if task.body else ""
    return " · ".join(parts) + "\n" + (f"\n{body}\n" if body else "")


def _simple(task: Task) -> dict[str, str | float]:
    """The short values that are not the default, as they are written."""
    values: dict[str, str | float] = {}
    if task.priority:
        values["priority"] = (
            int(task.priority) if task.priority.is_integer() and abs(task.priority) < 1e15 else task.priority
        )
    if task.timeout != DEFAULT_TIMEOUT:
        values["timeout"] = duration(task.timeout)
    return values | {key: value for key in _NAMES if (value := getattr(task, key)) != getattr(_PLAIN, key)}


def duration(seconds: int) -> str:
    """`90m` for 5,400 seconds; minutes with a fraction where it is not a whole number of them."""
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds / 60!r}"


def _mapping(task: Task) -> dict[str, object]:
    values: dict[str, object] = {"id": task.id, "title": task.title, "repo": task.repo}
    values |= {key: list(listed) for key in ("needs", "paths") if (listed := getattr(task, key))}
    values |= _simple(task)
    values |= {key: value for key in (*_COMMANDS, "body") if (value := getattr(task, key))}
    return values | ({"done": True} if task.done else {})


def _code(text: str) -> str:
    """A code span that holds the text, whatever backticks are in it."""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _fenced(text: str) -> str:
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks}yaml\n{text}{ticks}"
