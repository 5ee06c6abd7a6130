"""Reads `repositories.yaml`: text in, the set or everything that is wrong with it out. It never raises.

`repositories` may be a list or a mapping of short name to the rest; both become the same members. What one entry says
is checked first, then what only all together show: names given twice or unknown, and circles, of which each is named
once with all its members.
"""

from collections.abc import Sequence as Listed
from functools import lru_cache
from typing import Any, Literal, TypeVar

import msgspec

from services.core import graph
from services.core.compose import composer
from services.core.nodes import Mapping, Node, Scalar, Sequence, is_null, spot_at, value_of
from services.core.plainly import plainly
from services.core.plan import Problem
from services.core.plan_text import nearest, quote
from services.core.plan_values import is_id
from services.core.problems import Findings, Spot
from services.core.reposet import (
    MAX_FLOWS,
    MAX_REPOSITORIES,
    NOTHING,
    Automation,
    Flow,
    Member,
    RepoSet,
    Repository,
    Workflow,
)

MAX_BYTES = 200_000
MAX_NAMED = 20
"""Members of a circle that a message names."""
KEYS = ("repositories", "cross_repo_workflows", "inherit", "dashboard", "follow_up")
_EXAMPLE = "`- name: backend` with `repo: backend-api` under it"

Part = TypeVar("Part", Repository, Workflow)


class ReadSet(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says. found: None where there are errors.  inherit: whether plans take the order of repositories;
    None where the file does not even tell that.
    """

    found: RepoSet | None
    problems: tuple[Problem, ...] = ()
    inherit: bool | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


class _Entry(msgspec.Struct, frozen=True):
    """An entry of the file: its words and where they stand."""

    member: Member
    spot: Spot
    depends_on: tuple[Spot, ...]
    triggers: tuple[Spot, ...]


@lru_cache(maxsize=64)
def read_set(text: str, owner: str) -> ReadSet:
    """The set in this text. owner: of repositories that name none."""
    findings = Findings()
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        findings.add(
            "too_large", f"The file is larger than {MAX_BYTES:,} bytes; keep only repositories and flows in it."
        )
        return ReadSet(found=None, problems=findings.listed())
    reader = composer(text, findings, of="settings")
    root = reader.compose()
    if root is None or is_null(root):
        whole = not findings.failed
        return ReadSet(found=NOTHING if whole else None, problems=findings.listed(), inherit=False if whole else None)
    if not isinstance(root, Mapping):
        findings.add(
            "wrong_type", "The file is `repositories:` and what belongs to it; this is something else.", root.spot
        )
        return ReadSet(found=None, problems=findings.listed())
    for key, _ in root.entries.values():
        if key.text not in KEYS:
            _unknown(key, KEYS, "this file", findings)
    inherit, follow_up = _switch(root, "inherit", findings), _switch(root, "follow_up", findings)
    node = _under(root, "repositories")
    names = _names(node)
    members = _members(_entries(node, owner, findings), names, findings)
    flows = _flows(_under(root, "cross_repo_workflows"), names, findings)
    dashboard = _dashboard(root, members, names, findings)
    if findings.failed:
        return ReadSet(found=None, problems=findings.listed(), inherit=inherit)
    found = RepoSet(members=members, flows=flows, inherit=bool(inherit), follow_up=bool(follow_up), dashboard=dashboard)
    return ReadSet(found=found, problems=findings.listed(), inherit=inherit)


def _under(root: Mapping, key: str) -> Node | None:
    found = root.entries.get(key)
    return found[1] if found is not None and not is_null(found[1]) else None


def _dashboard(root: Mapping, members: Listed[Member], names: Listed[str], findings: Findings) -> str:
    node = _under(root, "dashboard")
    if node is None:
        return ""
    text = node.spot.text if isinstance(node, Scalar) else ""
    repo = next((member.repo for member in members if member.name == text), "")
    if text not in names:
        findings.add("bad_value", f"{quote(text)} is no name of a repository in this file.", node.spot)
    return repo


def _switch(root: Mapping, key: str, findings: Findings) -> bool | None:
    node = _under(root, key)
    if node is None:
        return False
    text = node.spot.text if isinstance(node, Scalar) else ""
    if text in {"true", "false"}:
        return text == "true"
    findings.add("bad_value", f"{quote(text)} is not a value of `{key}`; write `true` or `false`.", node.spot)
    return None


def _names(node: Node | None) -> list[str]:
    """The short names as they are written: one whose other keys have a mistake is not unknown for that."""
    if isinstance(node, Mapping):
        return [key.text for key, _ in node.entries.values()]
    items = node.items if isinstance(node, Sequence) else ()
    found = [item.entries["name"][1] for item in items if isinstance(item, Mapping) and "name" in item.entries]
    return [each.spot.text for each in found if isinstance(each, Scalar)]


def _entries(node: Node | None, owner: str, findings: Findings) -> list[_Entry]:
    """The repositories as they are written, those without mistakes."""
    if node is None:
        return []
    pairs: list[tuple[Spot | None, Node]]
    if isinstance(node, Mapping):
        pairs = [(key, value) for key, value in node.entries.values()]
    elif isinstance(node, Sequence):
        pairs = [(None, item) for item in node.items]
    else:
        findings.add("wrong_type", f"`repositories` is a list; begin each with {_EXAMPLE}.", node.spot)
        return []
    if len(pairs) > MAX_REPOSITORIES:
        message = f"The file names {len(pairs):,} repositories; it can hold {MAX_REPOSITORIES}."
        findings.add("too_large", message, pairs[MAX_REPOSITORIES][1].spot)
    read = [_entry(key, value, owner, findings) for key, value in pairs[:MAX_REPOSITORIES]]
    return [entry for entry in read if entry is not None]


def _entry(key: Spot | None, node: Node, owner: str, findings: Findings) -> _Entry | None:
    if key is not None and is_null(node):
        node = Mapping(key, {})  # `docs:` alone is a repository of that name
    written = _convert(node, Repository, "repository", findings)
    if written is None or not isinstance(node, Mapping):
        return None
    spot = key or node.entries.get("name", (node.spot,))[0]
    if key is not None and written.name not in {"", key.text}:
        findings.add("bad_value", f"{quote(key.text)} has another `name` below it; leave that out.", spot)
        return None
    name = key.text if key is not None else written.name
    if not name:
        findings.add("missing_field", f"This repository has no `name`; begin with {_EXAMPLE}.", node.spot)
        return None
    if not is_id(name):
        message = f"{quote(name)} can't be a short name; use letters, digits, `.`, `_` and `-`, at most 64 characters."
        findings.add("bad_id", message, spot)
        return None
    if written.agent == "script":
        said = "A flow has no script to run; name another `agent`, or leave it out for a person."
        findings.add("bad_value", said, node.entries["agent"][1].spot)
        return None
    automation = node.entries.get("automation")
    below = automation[1].entries if automation is not None and isinstance(automation[1], Mapping) else {}
    return _Entry(
        Member(
            name=name,
            repo=f"{written.owner or owner}/{written.repo or name}",
            primary=written.primary,
            agent=written.agent,
            enabled=written.automation.enabled,
            auto_deploy=written.automation.auto_deploy,
            depends_on=tuple(dict.fromkeys(written.automation.depends_on)),
            triggers=tuple(dict.fromkeys(written.automation.triggers)),
        ),
        spot,
        _spots(below.get("depends_on")),
        _spots(below.get("triggers")),
    )


def _spots(entry: tuple[Spot, Node] | None) -> tuple[Spot, ...]:
    return tuple(item.spot for item in entry[1].items) if entry and isinstance(entry[1], Sequence) else ()


def _members(entries: Listed[_Entry], known: Listed[str], findings: Findings) -> tuple[Member, ...]:
    """All of them, with what is wrong between them noted."""
    names: dict[str, _Entry] = {}
    repos: dict[str, _Entry] = {}
    for entry in entries:
        name, repo = entry.member.name, entry.member.repo
        first = names.setdefault(name.lower(), entry)
        if first is not entry:
            said = f"{quote(name)} is already the name of the repository on line {first.spot.line}; rename one of them."
            findings.add("duplicate_id", said, entry.spot)
            continue
        first = repos.setdefault(repo.lower(), entry)
        if first is not entry:
            said = f"{quote(repo)} is already here as {quote(first.member.name)}, on line {first.spot.line}; keep one."
            findings.add("duplicate_id", said, entry.spot)
    primaries = [entry for entry in entries if entry.member.primary]
    for entry in primaries[1:]:
        said = f"{quote(primaries[0].member.name)} is `primary` already; only one repository can be."
        findings.add("bad_value", said, entry.spot)
    for entry in entries:
        for spot in (*entry.depends_on, *entry.triggers):
            if spot.text == entry.member.name:
                said = f"{quote(spot.text)} names itself; remove it from its own list."
                findings.add("self_dependency", said, spot)
            elif spot.text not in known:
                _unknown_name(spot, known, findings)
    _circles(entries, findings)
    return tuple(entry.member for entry in entries)


def _circles(entries: Listed[_Entry], findings: Findings) -> None:
    """What triggers a repository goes before it, as what it depends on does: together they are one order."""
    edges: dict[str, dict[str, Spot]] = {entry.member.name: {} for entry in entries}
    for entry in entries:
        name = entry.member.name
        for spot in entry.depends_on:
            if spot.text in edges and spot.text != name:
                edges[name].setdefault(spot.text, spot)
        for spot in entry.triggers:
            if spot.text in edges and spot.text != name:
                edges[spot.text].setdefault(name, spot)
    for knot in graph.knots({name: tuple(after) for name, after in edges.items()}):
        path = graph.cycles({name: tuple(edges[name]) for name in knot})[0]
        chain = " goes after ".join(quote(name) for name in [*path[:MAX_NAMED], path[0]])
        more = f" ({len(path) - MAX_NAMED} more between them)" if len(path) > MAX_NAMED else ""
        said = f"These repositories wait for each other in a circle: {chain}{more}. Take one name out of these lists."
        findings.add("cycle", said, edges[path[0]][path[1]])


def _flows(node: Node | None, known: Listed[str], findings: Findings) -> tuple[Flow, ...]:
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        said = "`cross_repo_workflows` is a list; begin each with `- name: …` and `repositories: […]` under it."
        findings.add("wrong_type", said, node.spot)
        return ()
    if len(node.items) > MAX_FLOWS:
        said = f"The file has {len(node.items):,} flows; it can hold {MAX_FLOWS}."
        findings.add("too_large", said, node.items[MAX_FLOWS].spot)
    flows: dict[str, Flow] = {}
    for item in node.items[:MAX_FLOWS]:
        written = _convert(item, Workflow, "flow", findings)
        if written is None or not isinstance(item, Mapping):
            continue
        if written.name.lower() in flows:
            said = f"{quote(written.name)} is already the name of a flow; rename one of them."
            findings.add("duplicate_id", said, item.entries["name"][1].spot)
        for spot in _spots(item.entries["repositories"]):
            if spot.text not in known:
                _unknown_name(spot, known, findings)
        repositories = tuple(dict.fromkeys(written.repositories))
        flow = Flow(name=written.name, repositories=repositories, coordination=written.coordination)
        flows.setdefault(flow.name.lower(), flow)
    return tuple(flows.values())


def _convert(node: Node, into: type[Part], what: Literal["repository", "flow"], findings: Findings) -> Part | None:
    """One entry as it is written, or None with the problem noted where it stands."""
    if not isinstance(node, Mapping):
        text = quote(node.spot.text, 40) if isinstance(node, Scalar) and node.spot.text else "This entry"
        findings.add("wrong_type", f"{text} is not a {what}; write `name: …` and the other keys under it.", node.spot)
        return None
    if _has_unknown(node, into, what, findings):
        return None
    value: Any = value_of(node)
    try:
        return msgspec.convert(value, into, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        spot = spot_at(path.removeprefix("`$").rstrip("`"), node.spot, node)
        findings.add("bad_value", f"A {what} can't be read here: {_said(message)}.", spot)
        return None


def _has_unknown(node: Mapping, into: type[msgspec.Struct], what: str, findings: Findings) -> bool:
    found = False
    for key, value in node.entries.values():
        if key.text not in into.__struct_encode_fields__:
            _unknown(key, into.__struct_encode_fields__, f"a {what}", findings)
            found = True
        elif key.text == "automation" and isinstance(value, Mapping):
            found = _has_unknown(value, Automation, "repository's `automation`", findings) or found
    return found


def _unknown(key: Spot, known: tuple[str, ...], where: str, findings: Findings) -> None:
    near = nearest(key.text, known)
    hint = f"Did you mean `{near}`?" if near else f"Keys are {', '.join(f'`{name}`' for name in known)}."
    findings.add("unknown_key", f"{quote(key.text)} is not a key of {where}. {hint}", key)


def _unknown_name(spot: Spot, known: Listed[str], findings: Findings) -> None:
    advice = findings.suggest(spot.text, known) or " Lists hold short names; add the repository, or remove the name."
    findings.add("unknown_repo", f"{quote(spot.text)} is no repository of this file.{advice}", spot)


def _said(message: str) -> str:
    """msgspec's sentence, but a pattern is no help to people."""
    if "matching regex" in message:
        return "names are letters, digits, `.`, `_` and `-`, begin with a letter or digit, and have no blanks"
    return plainly(message)
