"""Reads the task list of an issue: `- [ ] **id** Title (owner/repo) · needs: a, b · key: value`.

A checkbox with a bold id is a task, any other checkbox is prose. What stands under a task, indented, is its body.
Places of values are kept to the column. Lines that only look like tasks, and texts that look like fields, are warned
about, because a plan that silently lost a task or a need is worse than one that is refused.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from services.core.markdown import Document, Item, spans, without_code
from services.core.plan import MAX_TASKS
from services.core.plan_fields import KEYS, unknown_key
from services.core.plan_rules import Draft, is_repo
from services.core.plan_text import quote
from services.core.problems import TOO_MANY_TASKS, Findings, Spot

FIELDS = tuple(key for key in KEYS if key not in {"id", "title", "done"})
DOT = "·"
MAX_VALUES = 50_000
"""Of all tasks together; as many as YAML may have."""
MAX_HEAD = 10_000
_BLANKS = " \t\u00a0"
_TASK = re.compile(r"\[([ xX])\][ \t\u00a0]+\*\*(?!\*)")
_ALMOST = re.compile(r"\[[ xX]?\]\s{0,8}(?:\*{2,3}|__)([A-Za-z0-9._-]{1,64})(?:\*\*|__)")
_KEY = re.compile(r"\s*([A-Za-z][\w-]{0,30})\s*:")
_LOST_FIELD = re.compile(rf"[·•∙⋅・|,;–—-]\s{{0,3}}({'|'.join(FIELDS)}):|(?<![\w/-])(needs):(?=\s)")

Written = dict[str, Spot | tuple[Spot, ...] | None]


def read_list(document: Document, findings: Findings) -> list[Draft]:
    """The document's tasks in order; at most MAX_TASKS, else the list is cut and the problem noted."""
    tasks = []
    for item in document.items:
        if box := _box(document, item):
            tasks.append((item, box))
        else:
            _warn_almost(document, item, findings)
    if len(tasks) > MAX_TASKS:
        extra, _ = tasks[MAX_TASKS]
        findings.add("too_many_tasks", TOO_MANY_TASKS, Spot("", extra.first + 1, extra.column + 1))
        return []
    items = [item for item, _ in tasks]
    if crowded := _crowded(document, items):
        message = f"The tasks have more than {MAX_VALUES:,} values up to here; split the plan into several."
        findings.add("too_large", message, Spot("", crowded.first + 1, crowded.column + 1))
        return []
    return [_draft(document, item, box, items[at + 1 :], findings) for at, (item, box) in enumerate(tasks)]


def _box(document: Document, item: Item) -> re.Match[str] | None:
    """The checkbox and the opening of the bold id, if the entry is a task."""
    return _TASK.match(document.lines[item.first], item.column) if item.marker in {"-", "*"} else None


def _crowded(document: Document, items: Sequence[Item]) -> Item | None:
    """The entry with whose fields there are more values than one plan has, told by what stands between them."""
    count = 0
    for item in items:
        lines = document.lines[item.first : item.paragraph_end]
        count += sum(line.count(",") + line.count(DOT) for line in lines)
        if count > MAX_VALUES:
            return item
    return None


def _warn_almost(document: Document, item: Item, findings: Findings) -> None:
    found = _ALMOST.match(document.lines[item.first], item.column)
    if found:
        message = f"This looks like a task but is not read as one; write it as `- [ ] **{found[1]}** Title`."
        findings.add("looks_like_task", message, Spot("", item.first + 1, item.column + 1))


def _draft(document: Document, item: Item, box: re.Match[str], later: Sequence[Item], findings: Findings) -> Draft:
    line = document.lines[item.first]
    start = Spot("", item.first + 1, item.column + 1)
    close = line.find("**", box.end())
    close = close if close >= 0 else len(line)
    values: Written = {"id": Spot(line[box.end() : close], item.first + 1, box.end() + 1)}
    if box[1] != " ":
        values["done"] = Spot("true", item.first + 1, item.column + 1)
    parts, after = _parts(document, item, close + 2)
    _head(parts[0], values)
    for part in parts[1:] if parts[-1].text else parts[1:-1]:
        _field(part, values, findings)
    _body(document, item, _own_rows(item, after, later), values, findings)
    for key in ("title", "verify", "run", "prompt", "rollback"):
        _warn_lost(key, values, findings)
    return Draft(start, values)


def _parts(document: Document, item: Item, column: int) -> tuple[list[Spot], int]:
    """The pieces between the dots, also in further lines that begin with a dot, and the first line after them."""
    parts = list(_split(document.lines[item.first], item.first, column))
    at = item.first + 1
    while at < item.paragraph_end:
        line = document.lines[at]
        text = line.lstrip(_BLANKS)
        if text[:1] == DOT and text[1:2] in {*_BLANKS}:
            parts += list(_split(line, at, len(line) - len(text)))[1:]
        elif not parts[-1].text and len(parts) > 1:
            parts[-1:] = _split(line, at, len(line) - len(text))
        else:
            break
        at += 1
    return parts, at


def _split(line: str, row: int, column: int) -> Iterator[Spot]:
    """Pieces of a line from `column` on, split at each dot outside code that has blanks (or an end) around it."""
    hidden = without_code(line[column:]).rjust(len(line), "\0")
    start = column
    at = hidden.find(DOT, column)
    while at >= 0:
        before, after = hidden[max(at - 1, column) : at], hidden[at + 1 : at + 2]
        if before in _BLANKS and after in _BLANKS:
            yield _piece(line, row, start, at)
            start = at + 1
        at = hidden.find(DOT, at + 1)
    yield _piece(line, row, start, len(line))


def _piece(line: str, row: int, start: int, end: int) -> Spot:
    text = line[start:end]
    return Spot(text.strip(), row + 1, start + len(text) - len(text.lstrip()) + 1)


def _head(part: Spot, values: Written) -> None:
    """The title, and the repository in the last parentheses. Those in code, after `]` or inside a word don't count."""
    text = part.text
    hidden = without_code(text) if len(text) <= MAX_HEAD else ""  # a title that long is refused
    opening = hidden.rfind("(")
    closing = hidden.find(")", opening) if opening >= 0 else -1
    if closing > opening:
        name = text[opening + 1 : closing].strip()
        at_end = not hidden[closing + 1 :].strip()
        apart = opening == 0 or hidden[opening - 1] in _BLANKS
        if name and hidden[opening - 1 : opening] != "]" and (is_repo(name) or (at_end and apart)):
            values["repo"] = Spot(name, part.line, part.column + opening + 1)
            rest = text[closing + 1 :].lstrip()
            text = f"{text[:opening].rstrip()}{'' if rest[:1] in '.,;:!?' else ' '}{rest}".strip()
    if text.startswith(": "):
        text = text[2:].lstrip()
    if text:
        values["title"] = Spot(text, part.line, part.column)


def _field(part: Spot, values: Written, findings: Findings) -> None:
    found = _KEY.match(part.text)
    if not found:
        advice = f"Fields stand between ` {DOT} ` and are written `key: value`; {quote(part.text, 40)} is not."
        findings.add("unknown_key", advice, part)
        return
    key = found[1]
    value = part.text[found.end() :]
    spot = Spot(value.strip(), part.line, part.column + found.end() + len(value) - len(value.lstrip()))
    if key in {"id", "title"}:
        message = f"The {key} of a task stands before the first ` {DOT} `; remove `{key}:` here."
        findings.add("unknown_key", message, part)
    elif key not in FIELDS:
        unknown_key(Spot(key, part.line, part.column), FIELDS, "a task", findings)
    elif key in values:
        findings.add("duplicate_key", f"`{key}` is given twice for this task; keep one, or the other is lost.", part)
    elif KEYS[key].shape == "list":
        values[key] = tuple(_entries(spot))
    elif spot.text:
        values[key] = _unwrapped(spot)


def _entries(spot: Spot) -> Iterator[Spot]:
    """The entries between commas; a comma inside a code span belongs to its entry."""
    at = 0
    for hidden in (without_code(spot.text) if "," in spot.text else spot.text).split(","):
        entry = spot.text[at : at + len(hidden)]
        if text := entry.strip():
            yield _unwrapped(Spot(text, spot.line, spot.column + at + len(entry) - len(entry.lstrip())))
        at += len(hidden) + 1


def _unwrapped(spot: Spot) -> Spot:
    """A value that is one code span means its content; in Markdown that keeps `**` from being bold."""
    ticks = len(spot.text) - len(spot.text.lstrip("`"))
    inner = spot.text[ticks : len(spot.text) - ticks]
    first = next(spans(spot.text), None) if ticks else None
    if first is not None and (first.start, first.end) == (0, len(spot.text)):
        return Spot(inner.strip(), spot.line, spot.column + ticks)
    return spot


def _body(document: Document, item: Item, rows: Iterable[int], values: Written, findings: Findings) -> None:
    """What stands under the task and is not a task of its own, without the indentation of the entry."""
    lines = [(row, _outdented(document.lines[row], item.column)) for row in rows]
    filled = [at for at, (_, line) in enumerate(lines) if line.strip()]
    if not filled:
        return
    lines = lines[filled[0] : filled[-1] + 1]
    spot = Spot("\n".join(line.rstrip() for _, line in lines), lines[0][0] + 1, 1)
    if "body" in values:
        findings.add("duplicate_key", "This task has a `body:` field and text under it; keep one of them.", spot)
    values["body"] = spot


def _own_rows(item: Item, after: int, later: Sequence[Item]) -> Iterator[int]:
    """The lines of an entry from `after` on that belong to none of the tasks inside it."""
    row = after
    for inner in later:
        if inner.start >= item.end:
            break
        yield from range(row, inner.start)
        row = max(row, inner.end)
    yield from range(row, item.end)


def _outdented(line: str, columns: int) -> str:
    blanks = len(line) - len(line.lstrip(" \t"))
    lead = line[:blanks].expandtabs(4)
    return lead[min(columns, len(lead)) :] + line[blanks:]


def _warn_lost(key: str, values: Written, findings: Findings) -> None:
    spot = values.get(key)
    if not isinstance(spot, Spot):
        return
    found = _LOST_FIELD.search(without_code(spot.text[:1000]))
    if found:
        name = found[1] or found[2]
        message = (
            f"The {key} holds `{name}:`, which is not read as a field; put ` {DOT} ` before it, or backticks around it."
        )
        findings.add("looks_like_field", message, spot)
