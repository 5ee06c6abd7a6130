"""GitHub Actions' expression language: what stands between `${{` and `}}` in a workflow file.

A tokenizer and a recursive descent over values; nothing is compiled or executed. Text from a repository is hostile, so
length and depth are bounded and every mistake is an ExpressionError with one line that can be shown as an annotation.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Value = Any
"""None, bool, float, str, list or dict, as in JSON."""
Functions = Mapping[str, Callable[[], bool]]
"""The status functions of the place an expression stands in: success, failure, always, cancelled."""

LONGEST = 21_000
DEEPEST = 40
STATUS = re.compile(r"\b(success|failure|always|cancelled)\s*\(", re.IGNORECASE)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>==|!=|<=|>=|&&|\|\||[<>!().,\[\]*]))"
)


class ExpressionError(ValueError):
    """The text is no expression, or asks for something there is not."""


def evaluate(text: str, context: Mapping[str, Value], functions: Functions | None = None) -> Value:
    """The value of one expression without its braces."""
    if len(text) > LONGEST:
        raise ExpressionError(f"The expression is longer than {LONGEST} characters")
    return _Parser(_tokens(text), context, functions or {}).whole()


def interpolate(text: str, context: Mapping[str, Value], functions: Functions | None = None) -> str:
    """A string with every `${{ … }}` replaced by its value as text."""
    return "".join(part if is_text else show(evaluate(part, context, functions)) for is_text, part in _split(text))


def value(text: str, context: Mapping[str, Value]) -> Value:
    """As `interpolate`, but a string that is one expression and nothing else keeps its type (a list for a matrix)."""
    parts = _split(text.strip())
    if len(parts) == 1 and not parts[0][0]:
        return evaluate(parts[0][1], context)
    return interpolate(text, context)


def condition(text: str, context: Mapping[str, Value], functions: Functions) -> bool:
    """An `if:`; without a status function in it, `success() &&` goes before it."""
    bare = text.strip()
    if bare.startswith("${{") and bare.endswith("}}") and bare.count("${{") == 1:
        bare = bare[3:-2].strip()
    if "${{" in bare:
        bare = interpolate(bare, context, functions)
    if not STATUS.search(bare) and not functions["success"]():
        return False
    return truthy(evaluate(bare, context, functions)) if bare else True


def truthy(found: Value) -> bool:
    return not (found is None or found is False or found == 0 or found == "")


def show(found: Value) -> str:
    """A value as text: null is empty, whole numbers have no point, objects are named only."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return f"{found:.15g}"
    if isinstance(found, str):
        return found
    return "Array" if isinstance(found, list) else "Object"


def _split(text: str) -> list[tuple[bool, str]]:
    """(is plain text, part): the text between expressions and the expressions themselves.

    Braces in quotes don't end one.
    """
    parts: list[tuple[bool, str]] = []
    at = 0
    while (start := text.find("${{", at)) >= 0:
        if start > at:
            parts.append((True, text[at:start]))
        end, quoted = start + 3, False
        while end < len(text) and (quoted or not text.startswith("}}", end)):
            quoted ^= text[end] == "'"
            end += 1
        if end >= len(text):
            raise ExpressionError("The expression is not closed: expected '}}'")
        parts.append((False, text[start + 3 : end]))
        at = end + 2
    if at < len(text):
        parts.append((True, text[at:]))
    return parts


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None or not found.lastgroup:
            raise ExpressionError(f"Unexpected symbol: '{text[at:].strip()[:40]}'")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def number(found: Value) -> float:
    """As JavaScript would: nan for what is no number."""
    if found is None or found == "":
        return 0.0
    if isinstance(found, bool | int | float):
        return float(found)
    try:
        return float(int(found, 16)) if str(found).lower().startswith("0x") else float(found)
    except (TypeError, ValueError):
        return float("nan")


def equal(left: Value, right: Value) -> bool:
    """Strings without regard to case; unlike types as numbers; objects only to themselves."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return left is right
    if left is None and right is None:
        return True
    return number(left) == number(right)


def _compare(sign: str, left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        less, same = left.lower() < right.lower(), left.lower() == right.lower()
        return {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[sign]
    a, b = number(left), number(right)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


class _Parser:
    """One pass over the tokens, evaluating as it goes; both sides of && and || are read, the right value is kept."""

    def __init__(self, tokens: list[tuple[str, str]], context: Mapping[str, Value], functions: Functions) -> None:
        self.tokens = tokens
        self.context = context
        self.functions = functions
        self.at = 0
        self.depth = 0

    def whole(self) -> Value:
        found = self.either()
        if self.at < len(self.tokens):
            raise ExpressionError(f"Unexpected symbol: '{self.tokens[self.at][1][:40]}'")
        return found

    def take(self, *signs: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" and self.tokens[self.at][1] in signs:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise ExpressionError(f"Expected '{sign}'")

    def either(self) -> Value:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"The expression is nested deeper than {DEEPEST}")
        left = self.both()
        while self.take("||"):
            right = self.both()
            left = left if truthy(left) else right
        self.depth -= 1
        return left

    def both(self) -> Value:
        left = self.equality()
        while self.take("&&"):
            right = self.equality()
            left = right if truthy(left) else left
        return left

    def equality(self) -> Value:
        left = self.relation()
        while sign := self.take("==", "!="):
            left = equal(left, self.relation()) == (sign == "==")
        return left

    def relation(self) -> Value:
        left = self.unary()
        while sign := self.take("<", "<=", ">", ">="):
            left = _compare(sign, left, self.unary())
        return left

    def unary(self) -> Value:
        turns = 0
        while self.take("!"):
            turns += 1
        found = self.postfix()
        return found if not turns else truthy(found) == (turns % 2 == 0)

    def postfix(self) -> Value:
        found = self.primary()
        while sign := self.take(".", "["):
            if sign == "[":
                key = "*" if self.take("*") else self.either()
                self.need("]")
            else:
                key = "*" if self.take("*") else self.name()
            found = _inside(found, key)
        return found

    def name(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
            raise ExpressionError("Expected a property name after '.'")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def primary(self) -> Value:
        if self.take("("):
            found = self.either()
            self.need(")")
            return found
        if self.at >= len(self.tokens):
            raise ExpressionError("Unexpected end of expression")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return number(text)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind != "name":
            raise ExpressionError(f"Unexpected symbol: '{text}'")
        if self.take("("):
            return self.call(text)
        return self.word(text)

    def word(self, text: str) -> Value:
        words = {"true": True, "false": False, "null": None}
        if text.lower() in words:
            return words[text.lower()]
        if text.lower() not in self.context:
            raise ExpressionError(f"Unrecognized named-value: '{text[:40]}'")
        return self.context[text.lower()]

    def call(self, text: str) -> Value:
        args = []
        while not self.take(")"):
            args.append(self.either())
            if not self.take(","):
                self.need(")")
                break
        if text.lower() in self.functions:
            return self.functions[text.lower()]()
        known = FUNCTIONS.get(text.lower())
        if known is None:
            raise ExpressionError(f"Unrecognized function: '{text[:40]}'")
        try:
            return known(*args)
        except TypeError:
            raise ExpressionError(f"Wrong number of arguments to '{text[:40]}'") from None


def _inside(found: Value, key: Value) -> Value:
    if key == "*":
        return list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    if isinstance(found, dict):
        lower = show(key).lower()
        return found[key] if key in found else next((v for k, v in found.items() if str(k).lower() == lower), None)
    if isinstance(found, list) and isinstance(key, float) and 0 <= key < len(found):
        return found[int(key)]
    return [_inside(item, key) for item in found] if isinstance(found, list) and isinstance(key, str) else None


def _contains(where: Value, what: Value) -> bool:
    if isinstance(where, list):
        return any(equal(item, what) for item in where)
    return show(what).lower() in show(where).lower()


def _format(template: Value, *args: Value) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        if int(found[1]) >= len(args):
            raise ExpressionError(f"format() has no argument {found[1]}")
        return show(args[int(found[1])])

    return re.sub(r"\{\{|\}\}|\{(\d{1,4})\}", fill, show(template))[:LONGEST]


def _from_json(text: Value) -> Value:
    try:
        return json.loads(show(text))
    except (ValueError, RecursionError):
        raise ExpressionError("fromJSON() was given what is no JSON") from None


def _join(items: Value, between: Value = ",") -> str:
    return show(between).join(show(item) for item in items) if isinstance(items, list) else show(items)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "contains": _contains,
    "startswith": lambda text, start: show(text).lower().startswith(show(start).lower()),
    "endswith": lambda text, end: show(text).lower().endswith(show(end).lower()),
    "format": _format,
    "join": _join,
    "tojson": lambda found: json.dumps(found, indent=2),
    "fromjson": _from_json,
    "hashfiles": lambda *patterns: "",
}
