"""GraphQL documents into values: operations, selections, arguments. Everything the language has but type definitions.

A tokenizer and a recursive descent; size and nesting are bounded. GraphQL libraries are a tool of the tests here, not
of the product.
"""

import re
from bisect import bisect_left
from functools import lru_cache
from typing import Any

import msgspec

LONGEST = 500_000
DEEPEST = 40
_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|#[^\n]*)|(?P<block>"""(?:[^"\\]|\\.|"(?!""))*""")|(?P<text>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<name>[A-Za-z_]\w*)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<sign>\.\.\.|[!$&()\[\]{}:=@|])"
)


class SyntaxProblem(ValueError):
    """The document is no GraphQL; `line` and `column` from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Variable(msgspec.Struct, frozen=True):
    name: str


class Field(msgspec.Struct, kw_only=True):
    """`key` is what the answer calls it; `line` and `column` for error messages."""

    key: str
    name: str
    args: dict[str, Any]
    directives: dict[str, dict[str, Any]]
    selections: "list[Selection]"
    line: int
    column: int


class Fragment(msgspec.Struct, kw_only=True):
    """An inline fragment, or a spread (then `spread` is the name to look up)."""

    on: str = ""
    spread: str = ""
    directives: dict[str, dict[str, Any]]
    selections: "list[Selection]" = []


Selection = Field | Fragment


class VariableSpec(msgspec.Struct, kw_only=True):
    type: str
    default: Any = None
    has_default: bool = False


class Operation(msgspec.Struct, kw_only=True):
    kind: str  # query or mutation
    name: str
    variables: dict[str, VariableSpec]
    selections: list[Selection]


class Document(msgspec.Struct, kw_only=True):
    operations: list[Operation]
    fragments: dict[str, Fragment]


@lru_cache(maxsize=128)
def parse(text: str) -> Document:
    """Read a document, the same one for the same text: nobody changes it. SyntaxProblem says where it went wrong."""
    if len(text) > LONGEST:
        raise SyntaxProblem(f"The query is longer than {LONGEST} characters", 1, 1)
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.ends = [found.start() for found in re.finditer("\n", text)]
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0
        self.depth = 0
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None or found.lastgroup is None:
                raise self.problem(place, f"Parse error on {text[place]!r}")
            if found.lastgroup != "skip":
                self.tokens.append((found.lastgroup, found[0], place))
            place = found.end()
        self.tokens.append(("end", "", len(text)))

    def place(self, at: int) -> tuple[int, int]:
        line = bisect_left(self.ends, at)
        return line + 1, at - (self.ends[line - 1] if line else -1)

    def problem(self, at: int, message: str) -> SyntaxProblem:
        line, column = self.place(at)
        return SyntaxProblem(f"{message} at [{line}, {column}]", line, column)

    def unexpected(self) -> SyntaxProblem:
        kind, text, at = self.tokens[self.at]
        return self.problem(at, "Unexpected end of document" if kind == "end" else f'Parse error on "{text[:40]}"')

    def take(self, text: str) -> bool:
        kind, found, _ = self.tokens[self.at]
        if kind in {"sign", "name"} and found == text:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise self.unexpected()

    def name(self) -> str:
        kind, text, _ = self.tokens[self.at]
        if kind != "name":
            raise self.unexpected()
        self.at += 1
        return text

    def document(self) -> Document:
        operations, fragments = [], {}
        while self.tokens[self.at][0] != "end":
            if self.take("fragment"):
                name = self.name()
                self.need("on")
                on = self.name()
                directives = self.directives()
                fragments[name] = Fragment(on=on, directives=directives, selections=self.selections())
            else:
                operations.append(self.operation())
        if not operations:
            raise self.unexpected()
        return Document(operations=operations, fragments=fragments)

    def operation(self) -> Operation:
        if self.tokens[self.at][1] == "{":
            return Operation(kind="query", name="", variables={}, selections=self.selections())
        kind = self.name()
        if kind not in {"query", "mutation"}:
            self.at -= 1
            raise self.unexpected()
        name = self.name() if self.tokens[self.at][0] == "name" else ""
        variables: dict[str, VariableSpec] = {}
        if self.take("("):
            while not self.take(")"):
                self.need("$")
                variable = self.name()
                self.need(":")
                spec = VariableSpec(type=self.type())
                if self.take("="):
                    spec = VariableSpec(type=spec.type, default=self.value(), has_default=True)
                variables[variable] = spec
        self.directives()
        return Operation(kind=kind, name=name, variables=variables, selections=self.selections())

    def type(self) -> str:
        if self.take("["):
            inner = f"[{self.type()}"
            self.need("]")
            inner += "]"
        else:
            inner = self.name()
        return inner + ("!" if self.take("!") else "")

    def selections(self) -> list[Selection]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.problem(self.tokens[self.at][2], f"The query is nested deeper than {DEEPEST}")
        self.need("{")
        out: list[Selection] = []
        while not self.take("}"):
            out.append(self.fragment() if self.take("...") else self.field())
        if not out:
            raise self.unexpected()
        self.depth -= 1
        return out

    def fragment(self) -> Fragment:
        if self.tokens[self.at][0] == "name" and self.tokens[self.at][1] != "on":
            name = self.name()
            return Fragment(spread=name, directives=self.directives())
        on = self.name() if self.take("on") else ""
        directives = self.directives()
        return Fragment(on=on, directives=directives, selections=self.selections())

    def field(self) -> Field:
        line, column = self.place(self.tokens[self.at][2])
        key = name = self.name()
        if self.take(":"):
            name = self.name()
        args = self.arguments()
        directives = self.directives()
        below = self.selections() if self.tokens[self.at][1] == "{" else []
        return Field(key=key, name=name, args=args, directives=directives, selections=below, line=line, column=column)

    def arguments(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if self.take("("):
            while not self.take(")"):
                name = self.name()
                self.need(":")
                out[name] = self.value()
        return out

    def directives(self) -> dict[str, dict[str, Any]]:
        out = {}
        while self.take("@"):
            name = self.name()
            out[name] = self.arguments()
        return out

    def value(self) -> Any:
        kind, text, at = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(text) if set(text) & set(".eE") else int(text)
        if kind == "text":
            return self.string(text, at)
        if kind == "block":
            return text[3:-3].replace('\\"""', '"""').strip("\n")
        if kind == "name":
            return {"true": True, "false": False, "null": None}.get(text, text)
        if text == "$":
            return Variable(self.name())
        if text not in {"[", "{"}:
            self.at -= 1
            raise self.unexpected()
        return self.collection(text, at)

    def collection(self, opening: str, at: int) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.problem(at, f"The query is nested deeper than {DEEPEST}")
        rows, pairs = [], {}
        while not self.take("]" if opening == "[" else "}"):
            if opening == "[":
                rows.append(self.value())
            else:
                name = self.name()
                self.need(":")
                pairs[name] = self.value()
        self.depth -= 1
        return rows if opening == "[" else pairs

    def string(self, text: str, at: int) -> str:
        try:
            found: str = msgspec.json.decode(text, type=str)
        except msgspec.DecodeError:
            raise self.problem(at, "Parse error on a string") from None
        return found
