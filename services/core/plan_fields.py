"""The keys of a plan: one table from which the parser, its suggestions, the JSON schema and the documentation are made.

Every form of a plan hands its values over as texts with their places; what a value means is decided here, once, so a
task list and a YAML file can't come to different readings.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from services.core.plan import ID_PATTERN, MAX_TITLE
from services.core.plan_text import nearest, quote
from services.core.plan_values import (
    MAX_TEXT,
    WORKFLOW,
    Reader,
    read_budget,
    read_command,
    read_flag,
    read_group,
    read_id,
    read_name,
    read_number,
    read_path,
    read_prose,
    read_timeout,
    read_title,
    read_word,
    read_workflow,
)
from services.core.problems import Findings, Spot

MAX_PATHS = 200

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")

Shape = Literal["text", "list"]


class Key(NamedTuple):
    """One key. default: may stand under `defaults`."""

    shape: Shape
    read: Reader
    summary: str
    schema: Mapping[str, object]
    default: bool = True


_TEXT: Mapping[str, object] = {"type": ["string", "number", "boolean"]}
_LONG: Mapping[str, object] = {**_TEXT, "maxLength": MAX_TEXT}  # `run: true` is a command, too
_WORDS: Mapping[str, object] = {"type": "array", "items": {"type": ["string", "number"]}}

KEYS: dict[str, Key] = {
    "id": Key(
        "text",
        read_id,
        "The task's name: in `needs`, in commands and in its branch.",
        {**_TEXT, "pattern": f"^{ID_PATTERN}$"},
        False,
    ),
    "title": Key(
        "text", read_title, "What is to be done, on one line.", {**_TEXT, "minLength": 1, "maxLength": MAX_TITLE}, False
    ),
    "repo": Key(
        "text",
        read_word,
        "The repository to work in, `owner/name`; the plan's own if left out.",
        {"type": "string", "pattern": "^[^/]+/[^/]+$"},
    ),
    "needs": Key("list", read_word, "Ids of tasks that have to be merged first.", _WORDS, False),
    "paths": Key(
        "list",
        read_path,
        "Files the task may change, as patterns from the repository's root.",
        {**_WORDS, "maxItems": MAX_PATHS},
    ),
    "agent": Key("text", read_name(_NAME), "Who does the work.", {**_TEXT, "pattern": f"^{_NAME.pattern}$"}),
    "priority": Key("text", read_number, "A number; among ready tasks the highest goes first.", {"type": "number"}),
    "timeout": Key(
        "text", read_timeout, "Time for one attempt: minutes, or `30m`, `2h`, `1h30m`.", {"type": ["number", "string"]}
    ),
    "group": Key(
        "text",
        read_group,
        "Tasks of one group merge together, once all of them are ready. They also share the places that "
        "LOCKSTEP_WORKERS_PER_GROUP gives.",
        {**_TEXT, "minLength": 1, "maxLength": 64},
    ),
    "verify": Key("text", read_command, "Command that has to succeed before the pull request is opened.", _LONG),
    "rollback": Key(
        "text",
        read_command,
        "What happens to a group when a later merge of it fails: `revert` (if nothing is said) or `forward`. Any other "
        "text says how to undo the task after its merge, for people.",
        _LONG,
    ),
    "body": Key("text", read_prose, "Details for whoever does the work.", _LONG),
    "run": Key("text", read_command, "Command that does the work, for the agent `script`.", _LONG),
    "prompt": Key("text", read_prose, "Instructions for a coding model.", _LONG),
    "budget": Key("text", read_budget, "Most US dollars the task may cost.", {"type": ["number", "string"]}),
    "model": Key(
        "text", read_name(_MODEL), "The coding model to use.", {"type": "string", "pattern": f"^{_MODEL.pattern}$"}
    ),
    "workflow": Key(
        "text",
        read_workflow,
        "The workflow in `.github/workflows` that does the work, for the agent `actions`; else the repository's "
        "settings name it.",
        {"type": "string", "pattern": f"^{WORKFLOW.pattern}$"},
    ),
    "done": Key("text", read_flag, "`true` for a task that is finished already.", {"type": "boolean"}, False),
}
PLAN_KEYS = ("title", "defaults", "tasks")
DEFAULT_KEYS = tuple(name for name, key in KEYS.items() if key.default)

_OTHER_WORDS = {
    word: key
    for key, words in {
        "id": "key",
        "title": "name summary",
        "repo": "repository",
        "needs": "after blocked_by blocked-by depends depends_on depends-on dependencies deps need requires",
        "paths": "files globs path",
        "agent": "assignee worker",
        "priority": "prio",
        "timeout": "timeout-minutes timeout_minutes",
        "verify": "check test tests",
        "rollback": "revert undo",
        "body": "description details notes",
        "run": "cmd command script",
        "prompt": "instructions",
        "budget": "cost",
    }.items()
    for word in words.split()
}
"""What other tools call our keys; similarity alone would not find them."""


BLOCK = "a `lockstep` block"
OF_GITHUB = {
    "needs": "What the task needs is what blocks its issue on GitHub.",
    "title": "The title of the issue is the task's.",
    "repo": "The task is done in the repository of its issue.",
    "body": "The text of the issue around the block is the task's.",
    "done": "A closed issue is done.",
}
"""What a sub-issue's block need not say, because GitHub has a field for it."""


def unknown_key(spot: Spot, allowed: tuple[str, ...], where: str, findings: Findings) -> None:
    """Note a key that does not exist, with the one that was probably meant."""
    word = _OTHER_WORDS.get(spot.text.lower(), "")
    elsewhere = OF_GITHUB if where == BLOCK else {}
    meant = word if word in {*allowed, *elsewhere} else nearest(spot.text, (*allowed, *elsewhere)) or ""
    if meant in elsewhere:
        findings.add("unknown_key", f"{quote(spot.text)} is not a key of {where}. {elsewhere[meant]}", spot)
        return
    advice = f"Did you mean `{meant}`?" if meant else f"Keys are {', '.join(allowed)}."
    findings.add("unknown_key", f"{quote(spot.text)} is not a key of {where}. {advice}", spot)
