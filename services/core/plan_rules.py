"""Turns what was read into tasks, and checks what no single value can show: repositories, ids, needs and circles.

Both forms of a plan end here as drafts. Checks go on after a mistake, so that one reading names everything that is
wrong, but a mistake is not reported a second time as what follows from it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from services.core import graph
from services.core.plan import RepoName, Task
from services.core.plan_fields import KEYS, MAX_PATHS
from services.core.plan_text import quote
from services.core.plan_values import Value
from services.core.problems import Findings, Spot

MAX_NAMED = 40
"""Members of a circle that a message names."""

Values = Mapping[str, Spot | tuple[Spot, ...] | None]
"""Key -> its text or texts; None where something of the wrong shape stands, which is noted already."""


class Draft(msgspec.Struct, frozen=True):
    """One task as it was written: where it starts, and each key's text or texts."""

    spot: Spot
    values: Values


class _Read(msgspec.Struct):
    """A draft whose values were read. id: as written, also when it is not allowed, so that needs of it are known."""

    id: str
    spot: Spot
    id_spot: Spot
    fields: dict[str, Value]
    needs: tuple[Spot, ...]


class Repos:
    """The repositories a plan may name, found without regard to case and spelled as GitHub spells them."""

    def __init__(self, home: RepoName, installed: Collection[RepoName] | None) -> None:
        self.home = home
        self._home_owner = home.partition("/")[0]
        self._known = None if installed is None else {name.lower(): name for name in installed}

    def resolve(self, spot: Spot, findings: Findings) -> RepoName | None:
        """The repository's name, or None with the problem noted."""
        name = spot.text
        if not is_repo(name):
            advice = self._suggest(name, findings) or " In a task list the last parentheses name it."
            findings.add("unknown_repo", f"{quote(name)} is not a repository; write it as `owner/name`.{advice}", spot)
            return None
        if self._known is None:
            return name
        known = self._known.get(name.lower())
        if known is None:
            said = f"Lockstep is not installed on {quote(name)}; install it there, or correct the name."
            findings.add("unknown_repo", f"{said}{self._suggest(name, findings)}", spot)
        return known

    def _suggest(self, name: str, findings: Findings) -> str:
        known = [] if findings.full else sorted((self._known or {}).values())
        same_name = [repo for repo in known if repo.lower().endswith(f"/{name.rpartition('/')[2].lower()}")]
        own = [repo for repo in same_name if repo.lower().startswith(f"{self._home_owner.lower()}/")]
        if "/" not in name and (own or len(same_name) == 1):
            return f" Did you mean {quote((own or same_name)[0])}?"
        return findings.suggest(name, known)


def is_repo(name: str) -> bool:
    """Does the text have the form of a repository's full name on GitHub?"""
    owner, slash, repo = name.partition("/")
    letters = name.isascii() and owner.replace("-", "").replace("_", "").isalnum() and _is_repo_name(repo)
    return bool(slash) and letters and len(owner) <= 100 and owner[0] not in "-_"


def _is_repo_name(repo: str) -> bool:
    return 0 < len(repo) <= 100 and repo not in {".", ".."} and all(c.isalnum() or c in "._-" for c in repo)


def assemble(drafts: Sequence[Draft], defaults: Values, repos: Repos, findings: Findings) -> tuple[Task, ...]:
    """Every draft that is whole, as a task; what is wrong with the others, and with all together, is noted."""
    shared = _read_fields(defaults, repos, findings)
    rows = [_read(draft, shared, "repo" not in defaults, repos, findings) for draft in drafts]
    _check_ids(rows, findings)
    _check_needs(rows, findings)
    tasks = tuple(task for row in rows if (task := _task(row)))
    refuse_group_circle(tasks, findings)
    return tasks


def _read(draft: Draft, shared: Mapping[str, Value], at_home: bool, repos: Repos, findings: Findings) -> _Read:
    values = draft.values
    for key in ("id", "title"):
        if key not in values:
            name = _text(values, "id") or _text(values, "title")
            whose = f"The task {quote(name, 40)}" if name else "This task"
            findings.add(
                "missing_field",
                f"{whose} has no `{key}`; add one{', for example `id: schema`' if key == 'id' else ''}.",
                draft.spot,
            )
    fields = {**shared, **_read_fields(values, repos, findings)}
    if at_home and "repo" not in values and (home := _home(draft, repos, findings)):
        fields["repo"] = home
    needs = values.get("needs", ())
    written = values.get("id")
    id_spot = written if isinstance(written, Spot) else draft.spot
    return _Read(id_spot.text, draft.spot, id_spot, fields, needs if isinstance(needs, tuple) else ())


def _home(draft: Draft, repos: Repos, findings: Findings) -> RepoName | None:
    if repos.home:
        return repos.resolve(msgspec.structs.replace(draft.spot, text=repos.home), findings)
    findings.add("missing_field", "This task names no repository; add one as `owner/name`.", draft.spot)
    return None


def _read_fields(values: Values, repos: Repos, findings: Findings) -> dict[str, Value]:
    """The values that could be read; `needs` is left to the check of all tasks together."""
    fields: dict[str, Value] = {}
    for key, given in values.items():
        if key == "needs" or given is None:
            continue
        value: Value | None
        if isinstance(given, tuple):
            read = [KEYS[key].read(spot, findings, key) for spot in given[:MAX_PATHS]]
            value = tuple(dict.fromkeys(str(item) for item in read if item is not None))
            if len(given) > MAX_PATHS:
                findings.add(
                    "bad_value",
                    f"`{key}` has {len(given):,} entries, at most {MAX_PATHS} are read; use patterns.",
                    given[MAX_PATHS],
                )
        elif key == "repo":
            value = repos.resolve(given, findings)
        else:
            value = KEYS[key].read(given, findings, key)
        if value is not None:
            fields[key] = value
    return fields


def _text(values: Values, key: str) -> str:
    given = values.get(key)
    return given.text if isinstance(given, Spot) else ""


def _check_ids(rows: Sequence[_Read], findings: Findings) -> None:
    seen: dict[str, _Read] = {}
    for row in rows:
        if not row.id:
            continue
        first = seen.setdefault(row.id.casefold(), row)
        if first is not row:
            case = " (upper and lower case count as the same)" if first.id != row.id else ""
            message = (
                f"{quote(row.id)} is already the id of the task on line {first.id_spot.line}{case}; rename one of them."
            )
            findings.add("duplicate_id", message, row.id_spot)


def _check_needs(rows: Sequence[_Read], findings: Findings) -> None:
    known = {row.id: row for row in reversed(rows) if row.id}
    edges: dict[str, dict[str, Spot]] = {row.id: {} for row in rows if row.id}
    for row in rows:
        for need in row.needs:
            if need.text == row.id:
                findings.add("self_dependency", f"{quote(row.id)} needs itself; remove it from its own `needs`.", need)
            elif need.text in known:
                edges.get(row.id, {}).setdefault(need.text, need)
            else:
                _unknown_need(row, need, known, findings)
    for knot in graph.knots({task: tuple(needs) for task, needs in edges.items()}):
        _circle(knot, edges, findings)


def refuse_group_circle(tasks: Sequence[Task], findings: Findings) -> bool:
    """All of a group merges together, so nothing outside of it may lie between two of it. True: it does."""
    count = Counter(task.group for task in tasks if task.group)
    if max(count.values(), default=0) < 2 or graph.knots(graph.needs_of(tasks)):
        return False
    node = {task.id: f"the group {quote(task.group)}" if count[task.group] > 1 else quote(task.id) for task in tasks}
    needs: dict[str, dict[str, None]] = {name: {} for name in node.values()}
    for task in tasks:
        others = dict.fromkeys(node[need] for need in task.needs if need in node)
        needs[node[task.id]] |= {other: None for other in others if other != node[task.id]}
    circles = graph.cycles({name: tuple(others) for name, others in needs.items()})
    if circles:
        shown = circles[0][:MAX_NAMED]
        first = next(task for task in tasks if node[task.id] == shown[0])
        message = (
            f"These wait for each other in a circle: {' needs '.join([*shown, shown[0]])}. All of a group merges "
            "together: put what lies between into the group, or take a task out of it."
        )
        findings.add("group_circle", message, Spot("", first.line, 1))
    return bool(circles)


def _unknown_need(row: _Read, need: Spot, known: Mapping[str, _Read], findings: Findings) -> None:
    advice = findings.suggest(need.text, known)
    if advice and not need.text.isascii():
        foreign = next(c for c in need.text if not c.isascii())
        advice = f" Its {quote(foreign)} (U+{ord(foreign):04X}) is not a character of ids.{advice}"
    advice = advice or " Add such a task, or remove the need."
    who = quote(row.id) if row.id else "A task without an id"
    findings.add("unknown_dependency", f"{who} needs {quote(need.text)}, which is not a task here.{advice}", need)


def _circle(knot: tuple[str, ...], edges: Mapping[str, Mapping[str, Spot]], findings: Findings) -> None:
    inside = {task: tuple(edges[task]) for task in knot}
    path = graph.cycles(inside)[0]
    chain = " needs ".join(quote(task) for task in [*path[:MAX_NAMED], path[0]])
    more = f" ({len(path) - MAX_NAMED} more between them)" if len(path) > MAX_NAMED else ""
    others = [task for task in knot if task not in path]
    tail = (
        f" {', '.join(map(quote, others[:MAX_NAMED]))} {'is' if len(others) == 1 else 'are'} caught in it too."
        if others
        else ""
    )
    message = f"These tasks wait for each other in a circle: {chain}{more}. Remove one of these needs.{tail}"
    findings.add("cycle", message, edges[path[0]][path[1]])


def _task(row: _Read) -> Task | None:
    if not {"id", "title", "repo"} <= set(row.fields):
        return None
    fields: dict[str, Any] = dict(row.fields)
    needs = tuple(dict.fromkeys(need.text for need in row.needs))
    return Task(**fields, needs=needs, line=row.spot.line)
