"""The agent `coder`: a model that changes files through a few bounded tools, one call after the other.

Every turn of the conversation is kept before the next one begins. Whoever takes an attempt up again has the edits that
were made done once more, which costs nothing, and asks the model on from there: so a crash repeats the call that it cut
off and no other. The only command there is is the task's own `verify`, which people have approved; it runs in the box.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

import msgspec

from services.agents import AGENTS, Outcome, Work
from services.agents.box import Box
from services.agents.files import LISTED, Files, Unusable, tidy
from services.agents.log import clean_log, last_line
from services.agents.models import KNOWN, Ask, Message, Models, Result, Tool, ToolCall
from services.agents.prompting import prompt
from services.agents.script import shell
from services.core.paths import Change, outside, protected
from services.core.plan import Task
from services.core.prompts import Prompt
from services.errors import UserError

ROUNDS = 60
"""Calls of the model in one attempt."""
TOKENS = 12_000
LONGEST_TALK = 800_000
"""Characters of a conversation; then it has lost its way."""
SHOWN = 40_000
"""Characters of one result."""
PRINTED = 8_000
"""Characters of what a verification printed, the last ones."""
LINES = 1_000
UNBOUND = "Leave files of CI and of packages alone."
CUT = "That was cut off. Go on, in smaller steps."

_STRING = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 1}


def _tool(name: str, description: str, required: Sequence[str] = (), **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Tool(name=name, description=description, schema=schema)


CHECK = _tool("check", "Run the task's verification and see what it prints.")
TOOLS = (
    _tool("list", f"List files below a folder, {LISTED} at most.", under=_STRING),
    _tool("read", f"Read a text file, or {LINES} lines of it from `line` on.", ["path"], path=_STRING, line=_NUMBER),
    _tool("search", "Find the lines that hold a text, without regard to case.", ["text"], text=_STRING, under=_STRING),
    _tool(
        "edit",
        "Replace `old`, which must stand in the file exactly once, by `new`; an empty `old` writes a new file.",
        ["path", "old", "new"],
        path=_STRING,
        old=_STRING,
        new=_STRING,
    ),
    _tool("remove", "Delete a file.", ["path"], path=_STRING),
)
GUIDES = ("AGENTS.md", "CLAUDE.md")
CHANGES = frozenset({"edit", "remove"})


class Coder:
    """Asks until the model calls no tool any more; what lies in the files then is its work."""

    providers = frozenset(KNOWN)
    asked_with = "coder"

    async def run(self, work: Work, box: Box) -> Outcome:
        if work.models is None or work.call is None:
            raise UserError(
                f"Task `{work.task.id}` has the agent `coder`, and no model is set here; whoever runs this Lockstep "
                "sets `LOCKSTEP_MODEL`, or the task takes another agent."
            )
        talk = _Talk(work, work.models.named(work.task.model), box)
        await talk.begin()
        return await talk.go()


def guide(kept: Files) -> str:
    """What the repository says to whoever changes it, first to agents of any kind."""
    for name in GUIDES:
        with suppress(Unusable):
            return kept.read(name)
    return ""


class _Talk:
    """One conversation and the files it is about."""

    def __init__(self, work: Work, models: Models, box: Box) -> None:
        self._work, self._models, self._box = work, models, box
        self._files = Files(work.files)
        self._ends = time.monotonic() + work.seconds
        self._prompt: Prompt = prompt("coder")
        self._system, self._turn = self._prompt.filled(
            repo=work.task.repo,
            paths=paths_rule(work.task),
            places="\n".join(work.task.paths),
            check=check_said(work.task),
            title=work.task.title,
            body=work.task.body,
            prompt=work.task.prompt,
            note=work.note,
            lessons=work.lessons,
            guide=guide(self._files),
            past=work.past,
        )
        self._tools = (*TOOLS, CHECK) if work.task.verify.strip() else TOOLS
        self._messages: list[Message] = [Message(role="user", text=self._turn)]

    async def begin(self) -> None:
        """Take up what was kept, and make its changes again; what does not fit these files any more is begun anew."""
        kept = await self._work.journal.load() if self._work.journal is not None else None
        if not kept:
            return
        try:
            messages = msgspec.json.decode(kept, type=list[Message])
            await asyncio.to_thread(self._again, messages)
        except (msgspec.DecodeError, Unusable):
            raise UserError("What this attempt had done can't be done again on these files; try it again.") from None
        self._messages = messages

    def _again(self, messages: Sequence[Message]) -> None:
        for said, came in pairwise(messages):
            done = {result.id for result in came.results if not result.text.startswith("error:")}
            for call in said.calls:
                if call.id in done and call.name in CHANGES:
                    self._change(call)

    async def go(self) -> Outcome:
        while True:
            last = self._messages[-1]
            if last.role == "model" and not last.calls:
                return self._ended(ok=True, summary="The model is done.")
            if (call := self._due(last)) is not None:
                result = Result(id=call.id, name=call.name, text=await self._do(call))
                before = self._messages.pop().results if last.role == "results" else ()
                await self._add(Message(role="results", results=(*before, result)))
                continue
            left = self._ends - time.monotonic()
            if left <= 0:
                return self._ended(ok=False, summary="The model was not done in the task's time.", timed_out=True)
            if sum(message.role == "model" for message in self._messages) >= ROUNDS:
                return self._ended(ok=False, summary=f"The model was not done after {ROUNDS} calls.")
            ask = Ask(system=self._system, messages=tuple(self._messages), tools=self._tools, tokens=TOKENS)
            if ask.characters > LONGEST_TALK:
                return self._ended(ok=False, summary="The conversation with the model became too long.")
            assert self._work.call is not None  # noqa: S101 - Coder.run has seen to it
            reply = await self._models.ask(self._work.call, ask, seconds=left, budget=budget_of(self._work.task))
            is_cut = (
                reply.is_cut and not reply.message.calls
            )  # kept in one, or a crash in between would end the work here
            await self._add(reply.message, *([Message(role="user", text=CUT)] if is_cut else []))

    def _due(self, last: Message) -> ToolCall | None:
        """The next of what the model wants done: each result is kept before the next one is looked for."""
        if last.role == "model":
            return last.calls[0]
        said = self._messages[-2].calls if last.role == "results" else ()
        return said[len(last.results)] if len(last.results) < len(said) else None

    async def _add(self, *messages: Message) -> None:
        """Kept before anything follows from it."""
        self._messages += messages
        if self._work.journal is not None:
            turns = sum(message.role == "model" for message in self._messages)
            await self._work.journal.keep(msgspec.json.encode(self._messages), turns)

    async def _do(self, call: ToolCall) -> str:
        try:
            if call.name == "check" and CHECK in self._tools:
                return await self._verified()
            return (await asyncio.to_thread(self._called, call))[:SHOWN]
        except (Unusable, msgspec.DecodeError, msgspec.ValidationError, RecursionError) as wrong:
            return f"error: {str(wrong)[:500]}"

    def _called(self, call: ToolCall) -> str:
        if call.name in CHANGES:
            return self._change(call)
        given = msgspec.json.decode(call.arguments or "{}", type=_Looks)
        if call.name == "list":
            return _listed(self._files.names(given.under))
        if call.name == "read":
            lines = self._files.read(given.path).splitlines(keepends=True)
            shown = "".join(lines[given.line - 1 : given.line - 1 + LINES])
            more = len(lines) - (given.line - 1 + LINES)
            return shown + (f"\n[{more} more lines]" if more > 0 else "")
        if call.name == "search":
            return "\n".join(self._files.search(given.text, given.under)) or "nothing"
        raise Unusable(f"there is no tool {call.name[:40]!r}")

    def _change(self, call: ToolCall) -> str:
        given = msgspec.json.decode(call.arguments or "{}", type=_Edits)
        path = tidy(given.path)
        change = Change(path=path, kind="modified")
        if outside([change], self._work.task.paths):
            raise Unusable(f"the task may only change {', '.join(self._work.task.paths)[:300]}")
        if held := protected([change]):
            raise Unusable(f"only a person changes {path[:200]}: {held[0][1]}")
        if call.name == "remove":
            return self._files.remove(path)
        return self._files.edit(path, given.old, given.new)

    async def _verified(self) -> str:
        left = self._ends - time.monotonic()
        if left <= 0:
            return "error: the task's time is over"
        done = await self._box.run(shell(self._work.task.verify), files=self._work.files, seconds=left)
        said = clean_log(done.output).decode("utf-8", "replace")[-PRINTED:]
        end = "it did not end in time" if done.timed_out else f"exit code {done.exit_code}"
        return f"{said}\n[{end}]"

    def _ended(self, *, ok: bool, summary: str, timed_out: bool = False) -> Outcome:
        log = clean_log("\n".join(self._told()).encode())
        if ok and (said := last_line(self._messages[-1].text.encode())):
            summary = said
        return Outcome(ok=ok, summary=summary, exit_code=0 if ok else 1, timed_out=timed_out, log=log)

    def _told(self) -> list[str]:
        """What was done, a line a call, for people."""
        lines = [f"{self._models.title}, prompt {self._prompt.title}"]
        for message in self._messages:
            lines += [f"> {call.name} {_brief(call)}" for call in message.calls]
            lines += [f"  {result.text[:200]}" for result in message.results if result.text.startswith("error:")]
            lines += [message.text] if message.role == "model" and message.text else []
        return lines


class _Looks(msgspec.Struct, frozen=True):
    path: str = ""
    under: str = ""
    text: str = ""
    line: int = 1

    def __post_init__(self) -> None:
        if self.line < 1:
            raise ValueError("lines begin at 1")


class _Edits(msgspec.Struct, frozen=True):
    path: str = ""
    old: str = ""
    new: str = ""


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:LISTED])
    return "\n".join([*shown, *(["[and more]"] if len(names) > LISTED else [])]) or "nothing"


def _brief(call: ToolCall) -> str:
    try:
        given = msgspec.json.decode(call.arguments or "{}", type=_Looks)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return (given.path or given.text or given.under)[:200]


def paths_said(task: Task) -> str:
    """Where changes may lie, for who hears it beside the task's own words."""
    return f"You may change only: {', '.join(task.paths)}." if task.paths else UNBOUND


def paths_rule(task: Task) -> str:
    """What a prompt says of that itself: the paths are words of the plan's, and stand between marks as those do."""
    return "You may change only what the paths of the task cover." if task.paths else UNBOUND


def check_said(
    task: Task, said: str = "Run `check` when you think you are done, and go on until it ends with exit code 0."
) -> str:
    """What a prompt says of the task's verification."""
    return said if task.verify.strip() else "There is no check that you could run; read again what you changed."


def budget_of(task: Task) -> Decimal | None:
    """What a model may cost for the task, where that is said."""
    try:
        return Decimal(task.budget) if task.budget else None
    except InvalidOperation:  # the parser of plans lets none through
        return None


AGENTS.add("coder", Coder())
