"""The keys of a plan: one table from which the parser, its suggestions, the JSON schema and the documentation are made.

Every form of a plan hands its values over as texts with their places; what a value means is decided here, once, so a
task list and a YAML file can't come to different readings.
"""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from services.core import plan_paths
from services.core.plan import ID_PATTERN, MAX_TITLE
from services.core.plan_text import clean_block, clean_line, find_hidden, nearest, quote, show
from services.core.problems import Findings, Spot

MAX_TEXT = 20_000
"""Characters of a longer text: body, prompt, run, verify, rollback."""
MAX_TIMEOUT = 7 * 24 * 60
"""Minutes."""
MAX_PATHS = 200

_ID = re.compile(ID_PATTERN)
_GIT_REFUSES = re.compile(r"\.\.|\.lock$|\.$", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?", re.ASCII | re.IGNORECASE)
_MONEY = re.compile(r"\$?\s?(\d{1,9}(?:\.\d{1,6})?)(?:\s?(?:USD|\$))?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")

Shape = Literal["text", "list"]
Value = str | float | int | bool | tuple[str, ...]
Reader = Callable[[Spot, Findings, str], Value | None]


class Key(NamedTuple):
    """One key. read: text -> value, or None with the problem noted. default: may stand under `defaults`."""

    shape: Shape
    read: Reader
    summary: str
    schema: Mapping[str, object]
    default: bool = True


def is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and not _GIT_REFUSES.search(text)


def read_id(spot: Spot, findings: Findings, key: str = "id") -> str | None:
    if is_id(spot.text):
        return spot.text
    form = "use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters"
    if _ID.fullmatch(spot.text):
        form = "git can't name a branch after it; avoid `..`, and `.` or `.lock` at the end"
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", spot.text[:200]).strip("-_")[:40]
    example = f" For example {quote(slug)}." if is_id(slug) else ""
    findings.add("bad_id", f"{quote(spot.text)} can't be the id of a task: {form}.{example}", spot)
    return None


def read_title(spot: Spot, findings: Findings, key: str = "title") -> str | None:
    title = clean_line(spot.text)
    if len(title) > MAX_TITLE:
        size = f"{len(title):,} characters, at most {MAX_TITLE} are read"
        message = f"The title {quote(title, 40)} has {size}; move the rest to `body`."
        findings.add("title_too_long", message, spot)
        return None
    _warn_hidden(spot, findings, key)
    return title


def read_number(spot: Spot, findings: Findings, key: str) -> float | None:
    text = spot.text.strip()
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if math.isfinite(value):
        return value + 0.0
    findings.add(
        "bad_value",
        f"{quote(spot.text)} is not a {key}; write a finite number, such as `10` (higher goes first).",
        spot,
    )
    return None


def read_timeout(spot: Spot, findings: Findings, key: str) -> int | None:
    """Minutes as a number, or hours and minutes as `1h30m` -> whole seconds."""
    text = spot.text.strip()
    parts = _DURATION.fullmatch(text)
    if _NUMBER.fullmatch(text):
        minutes = float(text)
    elif parts and text:
        minutes = int(parts[1] or 0) * 60.0 + int(parts[2] or 0)
    else:
        minutes = math.nan
    if 0 < minutes <= MAX_TIMEOUT:
        return max(round(minutes * 60), 1)
    advice = "write minutes as a number above 0, or a time such as `30m`, `2h` or `1h30m`, at most 7 days"
    findings.add("bad_value", f"{quote(spot.text)} is not a {key}; {advice}.", spot)
    return None


def read_budget(spot: Spot, findings: Findings, key: str) -> str | None:
    """US dollars, in the shortest spelling of the number: `5`, `0.25`."""
    found = _MONEY.fullmatch(spot.text.strip())
    if found:
        return f"{Decimal(found[1]).normalize():f}"
    findings.add("bad_value", f"{quote(spot.text)} is not a {key}; write US dollars, such as `5` or `0.50`.", spot)
    return None


def read_flag(spot: Spot, findings: Findings, key: str) -> bool | None:
    if spot.text in {"true", "false"}:
        return spot.text == "true"
    findings.add("bad_value", f"{quote(spot.text)} is not a value of `{key}`; write `true` or `false`.", spot)
    return None


def read_name(pattern: re.Pattern[str]) -> Reader:
    """A reader for a single word: the name of an agent or a model."""

    def read(spot: Spot, findings: Findings, key: str) -> str | None:
        name = spot.text.strip()
        if pattern.fullmatch(name):
            return name
        findings.add(
            "bad_value",
            f"{quote(spot.text)} is not the name of a {key}; use letters, digits and `. _ -`, without blanks.",
            spot,
        )
        return None

    return read


def read_group(spot: Spot, findings: Findings, key: str) -> str | None:
    name = clean_line(spot.text)
    if 0 < len(name) <= 64:
        return name
    findings.add("bad_value", f"{quote(spot.text)} is not the name of a {key}; use 1 to 64 characters.", spot)
    return None


def read_prose(spot: Spot, findings: Findings, key: str) -> str | None:
    """A text for people or models: invisible characters are left out, with a warning."""
    if not _short_enough(spot, findings, key):
        return None
    _warn_hidden(spot, findings, key)
    return clean_block(spot.text)


def read_command(spot: Spot, findings: Findings, key: str) -> str | None:
    """A text that a machine may run: with an invisible character it would not be what was seen and approved."""
    if not _short_enough(spot, findings, key):
        return None
    at = find_hidden(spot.text)
    if at < 0:
        return clean_block(spot.text)
    findings.add(
        "bad_value", f"`{key}` holds a character that cannot be seen, {quote(spot.text[at])}; remove it.", spot
    )
    return None


def read_path(spot: Spot, findings: Findings, key: str) -> str | None:
    reason = plan_paths.objection(spot.text)
    if reason is None:
        return plan_paths.tidy(spot.text)
    findings.add("bad_path", f"The path {quote(spot.text)} {reason}.", spot)
    return None


def read_word(spot: Spot, findings: Findings, key: str) -> str | None:
    """Taken as it stands: needs and repositories are looked up among the tasks and the installed repositories later."""
    return spot.text.strip()


def _short_enough(spot: Spot, findings: Findings, key: str) -> bool:
    if len(spot.text) <= MAX_TEXT:
        return True
    size = f"{len(spot.text):,} characters, at most {MAX_TEXT:,} are read"
    message = f"`{key}` has {size}; put the rest into a file of the repository."
    findings.add("bad_value", message, spot)
    return False


def _warn_hidden(spot: Spot, findings: Findings, key: str) -> None:
    at = find_hidden(spot.text)
    if at >= 0:
        message = f"The {key} holds characters that cannot be seen, such as `{show(spot.text[at])}`; they are left out."
        findings.add("hidden_characters", message, spot)


_TEXT: Mapping[str, object] = {"type": ["string", "number", "boolean"]}
_LONG: Mapping[str, object] = {"type": "string", "maxLength": MAX_TEXT}
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
        "text", read_group, "Tasks of one group are merged together.", {**_TEXT, "minLength": 1, "maxLength": 64}
    ),
    "verify": Key("text", read_command, "Command that has to succeed before the pull request is opened.", _LONG),
    "rollback": Key("text", read_command, "How to undo the task after its merge.", _LONG),
    "body": Key("text", read_prose, "Details for whoever does the work.", _LONG),
    "run": Key("text", read_command, "Command that does the work, for the agent `script`.", _LONG),
    "prompt": Key("text", read_prose, "Instructions for a coding model.", _LONG),
    "budget": Key("text", read_budget, "Most US dollars the task may cost.", {"type": ["number", "string"]}),
    "model": Key(
        "text", read_name(_MODEL), "The coding model to use.", {"type": "string", "pattern": f"^{_MODEL.pattern}$"}
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


def unknown_key(spot: Spot, allowed: tuple[str, ...], where: str, findings: Findings) -> None:
    """Note a key that does not exist, with the one that was probably meant."""
    meant = _OTHER_WORDS.get(spot.text.lower(), "")
    meant = meant if meant in allowed else nearest(spot.text, allowed) or ""
    advice = f"Did you mean `{meant}`?" if meant else f"Keys are {', '.join(allowed)}."
    findings.add("unknown_key", f"{quote(spot.text)} is not a key of {where}. {advice}", spot)
