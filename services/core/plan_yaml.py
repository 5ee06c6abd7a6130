"""Reads YAML into nodes that know their lines, with every bound checked while reading, so no bomb is ever built.

PyYAML's events are taken instead of its objects: aliases are refused before anything is repeated, tags before anything
is constructed, a second key before the first is lost, and reading stops at the first value too many. Scalars stay
text, so `no`, `3.10` and `1e3` mean what was written; the field that reads them decides what they are.
"""

import re
from collections.abc import Iterator
from typing import Literal, NoReturn

import yaml
from yaml import events

from services.core.compose import Shift
from services.core.nodes import Mapping, Node, Scalar, Sequence
from services.core.plan import MAX_TASKS
from services.core.plan_text import Lines, quote
from services.core.problems import TOO_MANY_TASKS, Findings, Spot
from services.errors import UserError

MAX_DEPTH = 20
MAX_NODES = 50_000
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: the same events, ten times as fast."""

_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER_COMMENT = re.compile(r"[ \t]{1,8}(#\d{1,9})")


class _UnreadableError(UserError):
    """Ends the reading early; the problem is already noted."""


class _Open:
    """A collection that is being read; a mapping remembers the key whose value comes next."""

    def __init__(self, node: Sequence | Mapping) -> None:
        self.node = node
        self.key: Spot | None = None


class Composer:
    """Builds the nodes of one text and notes what is refused. `place` turns its places into the document's; `of`: what
    the text holds.
    """

    def __init__(self, text: str, findings: Findings, place: Shift, of: Literal["plans", "settings"] = "plans") -> None:
        self._text = text
        self._of = of
        self._findings = findings
        self._place = place
        self._lines = Lines(text)
        self._last = max(len(text.rstrip()) - 1, 0)
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._tasks: Node | None = None
        self._noted: set[str] = set()
        self._count = 0
        self.refused = False
        """True when something was left out, so that what is missing in the nodes is not a mistake of its own."""

    def compose(self) -> Node | None:
        """The root node; None for an empty document and after a problem that ends the reading."""
        if control := _CONTROL.search(self._text):
            spot = self._spot(control.start())
            self._findings.add(
                "yaml_syntax", f"There is a control character here, {quote(control.group())}; remove it.", spot
            )
            self.refused = True
            return None
        try:
            for event in self._events():
                self._take(event)
        except _UnreadableError:
            self.refused = True
            return None
        return self._root

    def _events(self) -> Iterator[events.Event]:
        try:
            yield from yaml.parse(self._text, Loader=LOADER)
        except yaml.MarkedYAMLError as error:
            self._stop("yaml_syntax", *self._explain(error))
        except (yaml.YAMLError, ValueError, OverflowError):  # what an escape may name that is no character
            self._stop(
                "yaml_syntax",
                "The YAML cannot be read: it holds a character that YAML does not know.",
                Spot("", *self._place(0, 0)),
            )

    def _explain(self, error: yaml.MarkedYAMLError) -> tuple[str, Spot]:
        about = f"{error.context or ''} {error.problem or ''}"
        opening = error.context_mark if "quoted scalar" in about else None
        mark = opening or error.problem_mark or error.context_mark
        advice = next((advice for words, advice in _ADVICE if words in about), None)
        if advice is None:
            advice = f"The YAML cannot be read here ({quote(error.problem or '')}); check indentation and quotes above."
        return advice, self._spot(mark.index if mark else 0)

    def _at(self, event: events.Event) -> Spot:
        return self._spot(event.start_mark.index if event.start_mark else 0)

    def _spot(self, index: int) -> Spot:
        line, column = self._lines.place(min(index, self._last))
        return Spot("", *self._place(line, column))

    def _stop(self, kind: str, message: str, spot: Spot) -> NoReturn:
        self._findings.add(kind, message, spot)
        raise _UnreadableError

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.NodeEvent):
            self._node(event)
        elif isinstance(event, (events.SequenceEndEvent, events.MappingEndEvent)):
            self._stack.pop()
        elif isinstance(event, events.DocumentStartEvent) and self._count:
            what = "a plan is" if self._of == "plans" else "settings are"
            self._stop("two_plans", f"A second YAML document starts here; {what} a single one.", self._at(event))

    def _node(self, event: events.NodeEvent) -> None:
        spot = self._at(event)
        self._count += 1
        if self._count > MAX_NODES:
            self._stop(
                "too_large", f"The plan has more than {MAX_NODES:,} YAML values; split it into several plans.", spot
            )
        self._refuse(event, spot)
        if isinstance(event, events.SequenceStartEvent):
            self._push(Sequence(spot, []))
        elif isinstance(event, events.MappingStartEvent):
            self._push(Mapping(spot, {}))
        elif isinstance(event, events.ScalarEvent):
            self._warn_comment(event)
            self._put(Scalar(Spot(event.value, spot.line, spot.column), plain=not event.style))
        else:
            self._put(Scalar(spot, plain=True))

    def _refuse(self, event: events.NodeEvent, spot: Spot) -> None:
        """Note an alias, an anchor or a tag, each once by its name; reading goes on without what it stands for."""
        tag = getattr(event, "tag", None)
        if event.anchor is None and tag is None:
            return
        self.refused = True
        if isinstance(event, events.AliasEvent):
            advice = "write the value out, or put it in quotes if the `*` is part of it"
            self._note(
                "yaml_alias", f"*{event.anchor}", f"is a YAML alias, which {self._of} don't use; {advice}.", spot
            )
        elif event.anchor is not None:
            self._note(
                "yaml_alias", f"&{event.anchor}", f"is a YAML anchor, which {self._of} don't use; remove it.", spot
            )
        if tag is not None:
            name = tag.replace("tag:yaml.org,2002:", "!!", 1)
            self._note("yaml_unsafe", name, f"is a YAML tag, which {self._of} don't use; write a plain value.", spot)

    def _note(self, kind: str, name: str, message: str, spot: Spot) -> None:
        if name not in self._noted:
            self._noted.add(name)
            self._findings.add(kind, f"{quote(name)} {message}", spot)

    def _warn_comment(self, event: events.ScalarEvent) -> None:
        """`title: Fix #12` is read as `Fix`: what looks like an issue's number is a comment to YAML."""
        end = event.end_mark.index if event.end_mark else 0
        lost = _NUMBER_COMMENT.match(self._text, end) if event.value and not event.style else None
        if lost:
            message = f"{quote(lost[1])} is a comment to YAML and not part of the value; put the value in quotes."
            self._findings.add("yaml_comment", message, self._spot(lost.start(1)))

    def _push(self, node: Sequence | Mapping) -> None:
        self._put(node)
        self._stack.append(_Open(node))
        if len(self._stack) > MAX_DEPTH:
            self._stop(
                "too_deep",
                f"Lists and mappings are nested deeper than {MAX_DEPTH} levels here; flatten them.",
                node.spot,
            )

    def _put(self, node: Node) -> None:
        """Hand a finished scalar, or a collection that is about to be filled, to the collection around it."""
        if not self._stack:
            self._root = node
            return
        around = self._stack[-1]
        if isinstance(around.node, Sequence):
            around.node.items.append(node)
            if len(around.node.items) > MAX_TASKS and around.node is self._tasks:
                self._stop("too_many_tasks", TOO_MANY_TASKS, node.spot)
        elif around.key is None:
            around.key = self._key(around.node, node)
        else:
            if around.key.text == "tasks" and len(self._stack) == 1:
                self._tasks = node
            around.node.entries.setdefault(around.key.text, (around.key, node))
            around.key = None

    def _key(self, mapping: Mapping, node: Node) -> Spot:
        if not isinstance(node, Scalar):
            self._stop("wrong_type", "A key has to be a single word; a list or mapping stands here.", node.spot)
        if node.spot.text == "<<" and node.plain:
            self._findings.add(
                "yaml_alias", f"`<<` merges mappings, which {self._of} don't use; write the keys out.", node.spot
            )
            self.refused = True
        elif node.spot.text in mapping.entries:
            first = mapping.entries[node.spot.text][0].line
            message = f"{quote(node.spot.text)} is given twice (first on line {first}); keep one, or the other is lost."
            self._findings.add("duplicate_key", message, node.spot)
        return node.spot


_ADVICE = (
    ("scanning an alias", "A value that begins with `*` needs quotes around it."),
    ("scanning an anchor", "A value that begins with `&` needs quotes around it."),
    ("quoted scalar", "The quote that opens here is never closed properly; close it or remove it."),
    ("mapping values are not", "A value that holds `: ` needs quotes, or the indentation does not fit the line above."),
    ("cannot start any token", "A value can't start like this; put it in quotes, and indent with blanks, not tabs."),
    ("flow sequence", "A list that opened with `[` is not closed before here; check its commas and its `]`."),
    ("flow mapping", "An entry that opened with `{` is not closed before here; check its commas and its `}`."),
    ("block mapping", "This line does not fit the lines above; check its indentation and its quotes."),
    ("block collection", "This line does not fit the list above; check its indentation and its `-`."),
    ("simple key", "This line needs a `:` after its key, or belongs to the line above; check its indentation."),
)
