"""What msgspec says of a value that does not fit, in words that tell people what to write."""

import re
from collections.abc import Sequence

_TYPES = {
    "bool": "write `true` or `false`",
    "int": "write a whole number",
    "float": "write a number",
    "str": "write a text",
    "array": "write a list, such as `[a, b]`",
    "object": "write its keys below it",
}
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_ENUM = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_EXPECTED = re.compile(
    r"Expected `(?P<type>\w+)(?: \| null)?`(?P<length> of length)?(?: (?P<bound>[<>]=) (?P<number>[\d.]+))?"
)


def plainly(message: str, values: tuple[str, ...] = ()) -> str:
    """The end of a sentence. values: what may be written, where there is a choice; or the keys."""
    if missing := _MISSING.match(message):
        return f"it has no `{missing[1]}`; add it"
    if unknown := _UNKNOWN.match(message):
        written = unknown[1][:40].replace("`", "'")
        return f"'{written}' is none of its keys{f'; write {either(values)}' if values else ''}"
    if enum := _ENUM.match(message):
        written = enum[1][:40].replace("`", "'")
        return f"'{written}' is none of its values{f'; write {either(values)}' if values else ''}"
    if "RFC3339" in message or "timezone component" in message:
        return "write a moment and how far it is from UTC, such as `2026-12-20T08:00:00+01:00`"
    expected = _EXPECTED.match(message)
    if expected is None or expected["type"] not in _TYPES:
        return message[:1].lower() + message[1:].replace("`", "'")
    if not expected["bound"]:
        return _TYPES[expected["type"]]
    bound = f"{'at least' if expected['bound'] == '>=' else 'at most'} {expected['number']}"
    if not expected["length"]:
        return f"write a number, {bound}"
    one, many = ("character", "characters") if expected["type"] == "str" else ("entry", "entries")
    return f"write {bound} {one if expected['number'] == '1' else many}"


def either(values: Sequence[str]) -> str:
    """What may be written, in words."""
    shown = [f"`{value}`" for value in values]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
