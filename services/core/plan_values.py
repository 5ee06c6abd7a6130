"""Reads the value of one key: text in; the value in its one spelling out, or a problem that says what to write."""

import math
import re
from collections.abc import Callable
from decimal import Decimal

from services.core import plan_paths
from services.core.plan import ID_PATTERN, MAX_TITLE
from services.core.plan_text import clean_block, clean_line, find_hidden, quote, show
from services.core.problems import Findings, Spot

MAX_TEXT = 20_000
"""Characters of a longer text: body, prompt, run, verify, rollback."""
MAX_TIMEOUT = 7 * 24 * 60
"""Minutes."""

_ID = re.compile(ID_PATTERN)
_GIT_REFUSES = re.compile(r"\.\.|\.lock$|\.$", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?", re.ASCII | re.IGNORECASE)
_MONEY = re.compile(r"\$?\s?(\d{1,9}(?:\.\d{1,6})?)(?:\s?(?:USD|\$))?", re.ASCII | re.IGNORECASE)

WORKFLOW = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,95}\.ya?ml")
"""The name of a file in `.github/workflows`."""

Value = str | float | int | bool | tuple[str, ...]
Reader = Callable[[Spot, Findings, str], Value | None]
"""(text, findings, key) -> value, or None with the problem noted."""


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
    if not title:
        findings.add("missing_field", "The title is empty; say what is to be done.", spot)
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
        message = f"`{key}` can't be {quote(spot.text)}; use letters, digits and `. _ -`, without blanks."
        findings.add("bad_value", message, spot)
        return None

    return read


def read_workflow(spot: Spot, findings: Findings, key: str) -> str | None:
    """The bare name of a file, so that it can lead nowhere else."""
    name = spot.text.strip()
    if WORKFLOW.fullmatch(name):
        return name
    message = f"`{key}` can't be {quote(spot.text)}; name a file of `.github/workflows`, such as `agent.yml`."
    findings.add("bad_value", message, spot)
    return None


def read_group(spot: Spot, findings: Findings, key: str) -> str | None:
    name = clean_line(spot.text)
    if 0 < len(name) <= 64:
        return name
    findings.add("bad_value", f"`{key}` can't be {quote(spot.text)}; use 1 to 64 characters.", spot)
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
    what = f"The path {quote(spot.text)}" if spot.text else f"An entry of `{key}`"
    findings.add("bad_path", f"{what} {reason}.", spot)
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
