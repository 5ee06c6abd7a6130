"""One place where something breaks GitHub's description, said so that the mistake is clear from the line alone.

A schema error inside `anyOf` is reported as the errors of the branch that was meant (the one of the right JSON type
with the fewest errors), since "not valid under any of the schemas" tells nobody what to change; missing fields of one
object are one finding.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SHOWN = 160
"""Characters of an offending value that are shown."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`where`: the operation or event; `pointer`: JSON pointer into the value that was checked, "" for all of it."""

    where: str
    pointer: str
    expected: str
    value: str = ""

    def __str__(self) -> str:
        found = f", found {self.value}" if self.value else ""
        return f"{self.where} at {self.pointer or '/'}: {self.expected}{found}"


def finding(where: str, expected: str, value: Any = None, pointer: str = "") -> Finding:
    """A finding about a Python value; None is shown only by schema errors, where it is JSON's null."""
    return Finding(where=where, pointer=pointer, expected=expected, value="" if value is None else show(value))


def schema_findings(where: str, validator: Any, instance: Any) -> list[Finding]:
    """Every error of a compiled jsonschema-rs validator (made with `mask="it"`) as a Finding."""
    missing: dict[str, list[str]] = {}
    findings = []
    for leaf in (leaf for error in validator.iter_errors(instance) for leaf in _leaves(error)):
        place = pointer(leaf.instance_path)
        if leaf.kind.name == "required":
            missing.setdefault(place, []).append(leaf.kind.property)
        else:
            findings.append(Finding(where=where, pointer=place, expected=leaf.message, value=show(leaf.instance)))
    return findings + [
        Finding(where=where, pointer=place, expected=f"the required {', '.join(sorted(set(names)))}")
        for place, names in missing.items()
    ]


def pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def _leaves(error: Any) -> Iterator[Any]:
    branches = getattr(error.kind, "context", None)
    if not branches:
        yield error
        return

    def distance(branch: list[Any]) -> tuple[bool, int]:
        wrong_type = any(e.kind.name == "type" and e.instance_path == error.instance_path for e in branch)
        return wrong_type, len(branch)

    best = min(branches, key=distance)
    if distance(best)[0]:
        yield error
        return
    for inner in best:
        yield from _leaves(inner)
