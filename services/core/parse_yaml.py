"""Reads the YAML form of a plan: `title`, `defaults` and a list of `tasks`, from nodes to drafts.

Only the shapes are checked here (a text, a list, a mapping); what the texts mean is the fields' business.
"""

import msgspec

from services.core.nodes import Mapping, Node, Scalar, Sequence
from services.core.plan_fields import DEFAULT_KEYS, KEYS, PLAN_KEYS, unknown_key
from services.core.plan_rules import Draft, Values
from services.core.plan_text import quote
from services.core.problems import Findings, Spot


class Pages(msgspec.Struct, frozen=True):
    """A plan's parts as they were written."""

    title: Spot | None
    defaults: Values
    drafts: list[Draft]


def holds_tasks(root: Node | None) -> bool:
    return isinstance(root, Mapping) and "tasks" in root.entries


def read_yaml(root: Node | None, findings: Findings) -> Pages:
    """The parts of the document; every value of the wrong shape is noted and left out."""
    if root is None or (isinstance(root, Scalar) and root.is_null):
        return Pages(None, {}, [])
    if not isinstance(root, Mapping):
        findings.add("wrong_type", "A plan is a mapping with `tasks:`; this document is not one.", root.spot)
        return Pages(None, {}, [])
    for key, _ in root.entries.values():
        if key.text not in PLAN_KEYS:
            unknown_key(key, PLAN_KEYS, "a plan", findings)
    title = root.entries.get("title")
    defaults = root.entries.get("defaults")
    tasks = root.entries.get("tasks")
    return Pages(
        title=_text("title", title[1], findings) if title else None,
        defaults=_values(defaults[1], DEFAULT_KEYS, "defaults", findings)
        if defaults and not _is_null(defaults[1])
        else {},
        drafts=_drafts(tasks[1], findings) if tasks else [],
    )


def read_keys(root: Node | None, allowed: tuple[str, ...], where: str, findings: Findings) -> Values:
    """The keys of one task, from a document that holds nothing else."""
    if root is None or _is_null(root):
        return {}
    if not isinstance(root, Mapping):
        findings.add("wrong_type", f"{where} has lines such as `timeout: 1h`; this one is no mapping.", root.spot)
        return {}
    return _values(root, allowed, where, findings)


def _drafts(node: Node, findings: Findings) -> list[Draft]:
    if _is_null(node):
        return []
    if not isinstance(node, Sequence):
        findings.add("wrong_type", "`tasks` has to be a list; begin each task with `- id: …`.", node.spot)
        return []
    return [
        Draft(_place(item), _values(item, tuple(KEYS), "a task", findings))
        for item in node.items
        if _is_task(item, findings)
    ]


def _is_task(node: Node, findings: Findings) -> bool:
    if isinstance(node, Mapping):
        return True
    what = quote(node.spot.text, 40) if isinstance(node, Scalar) and node.spot.text else "This entry"
    findings.add("wrong_type", f"{what} is not a task; write `- id: …` and the other keys under it.", node.spot)
    return False


def _values(node: Node, allowed: tuple[str, ...], where: str, findings: Findings) -> Values:
    if not isinstance(node, Mapping):
        findings.add("wrong_type", f"`{where}` has to be a mapping, such as `{where}: {{timeout: 1h}}`.", node.spot)
        return {}
    values: dict[str, Spot | tuple[Spot, ...] | None] = {}
    for key, value in node.entries.values():
        if key.text not in allowed:
            unknown_key(key, allowed, where, findings)
        elif not _is_null(value):
            read = _list if KEYS[key.text].shape == "list" else _text
            values[key.text] = read(key.text, value, findings)
    return values


def _text(key: str, node: Node, findings: Findings) -> Spot | None:
    if isinstance(node, Scalar):
        return None if node.is_null else node.spot
    found = "list" if isinstance(node, Sequence) else "mapping"
    findings.add("wrong_type", f"`{key}` has to be a single value; a {found} stands here.", node.spot)
    return None


def _list(key: str, node: Node, findings: Findings) -> tuple[Spot, ...] | None:
    if not isinstance(node, Sequence):
        advice = f"write `{key}: [{_example(node)}]`"
        found = "a mapping" if isinstance(node, Mapping) else "a single value"
        findings.add("wrong_type", f"`{key}` has to be a list and {found} stands here; {advice}.", node.spot)
        return None
    spots = []
    for item in node.items:
        if isinstance(item, Scalar) and not item.is_null:
            spots.append(item.spot)
        else:
            findings.add(
                "wrong_type",
                f"An entry of `{key}` has to be a text; a list, a mapping or nothing stands here.",
                item.spot,
            )
    return tuple(spots)


def _example(node: Node) -> str:
    if isinstance(node, Mapping):
        return ", ".join(quote(key)[1:-1] for key in list(node.entries)[:3] if key)
    return quote(node.spot.text, 30)[1:-1]


def _place(node: Node) -> Spot:
    return Spot("", node.spot.line, node.spot.column)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null
