"""Reads a plan from an issue or a file: text in, a checked plan or a list of problems out. It never raises.

A document has one source of tasks: its task list, one fenced `yaml` block, or, for a YAML file, the file itself. All
of them become the same drafts, so the same plan has the same hash however it was written.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Literal

from services.core import markdown, plan_advice
from services.core.compose import Shift, composer
from services.core.markdown import Document, Fence
from services.core.nodes import Node
from services.core.parse_list import read_list
from services.core.parse_yaml import Pages, holds_tasks, read_yaml
from services.core.plan import MAX_BYTES, MAX_TITLE, Parsed, Plan, RepoName
from services.core.plan_rules import Repos, assemble
from services.core.plan_text import clean_line
from services.core.plan_values import read_title
from services.core.problems import Findings, Spot

MAX_LINES = 20_000
"""Lines of an issue or Markdown file."""

Form = Literal["auto", "issue", "yaml"]
_SURROGATE = re.compile("[\ud800-\udfff]")
_STARTS_YAML = re.compile(r"(?:---|%YAML|\{|[\"']?(?:tasks|title|defaults)[\"']?[ \t]*:)")
_MAY_HOLD_A_PLAN = re.compile(r"\[[ xX]?\]|```|~~~")
_TASKS_KEY = re.compile(r"^[ \t{\"']*tasks[\"']?[ \t]*:", re.MULTILINE)


def parse(text: str, *, home: RepoName, installed: Collection[RepoName] | None = None, form: Form = "auto") -> Parsed:
    """Read one document.

    home: the repository of tasks that name none, "" to demand one.
    installed: the repositories that may be named, None for any.
    form: `issue` for Markdown, `yaml` for a YAML file, `auto` to look.  Linear in the length of the text. The last few
    are remembered: of the events about a plan's issue, few are about its text.
    """
    return _parse(text, home, None if installed is None else tuple(installed), form)


@lru_cache(maxsize=16)
def _parse(text: str, home: RepoName, installed: tuple[RepoName, ...] | None, form: Form) -> Parsed:
    findings = Findings()
    if too_large(text):
        findings.add("too_large", f"The document has more than {MAX_BYTES:,} bytes; split it into several plans.")
        return Parsed(plan=None, problems=findings.listed())
    text = _normal(text)
    yaml_file = form == "yaml" or (form == "auto" and looks_like_yaml(text))
    pages = _from_yaml(text, findings) if yaml_file else _from_issue(text, findings)
    tasks = assemble(pages.drafts, pages.defaults, Repos(home, installed), findings)
    title = read_title(pages.title, findings) if pages.title and pages.title.text.strip() else ""
    if not pages.drafts and not findings.failed:
        findings.add("empty", _nothing(text, yaml_file))
    if findings.failed:
        return Parsed(plan=None, problems=findings.listed(), tasks=tasks)
    plan = Plan(title=title or "", tasks=tasks)
    plan_advice.advise(plan, findings)
    return Parsed(plan=plan, problems=findings.listed(), tasks=tasks)


def parse_bytes(
    data: bytes, *, home: RepoName, installed: Collection[RepoName] | None = None, form: Form = "auto"
) -> Parsed:
    """Read a file's content; one that is not UTF-8 is a problem of the plan, not an error."""
    findings = Findings()
    try:
        text = data[: MAX_BYTES + 4].decode("utf-8", "strict" if len(data) <= MAX_BYTES else "replace")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        spot = Spot("", before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        findings.add("not_text", f"Byte {error.start + 1:,} is not UTF-8; save the file as UTF-8 text.", spot)
        return Parsed(plan=None, problems=findings.listed())
    return parse(text, home=home, installed=installed, form=form)


def too_large(text: str) -> bool:
    return len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES


def looks_like_yaml(text: str) -> bool:
    """Is it a YAML file rather than Markdown? Decided by its first line that is neither empty nor starts with `#`."""
    for line in text.split("\n"):
        if line.strip() and not line.startswith("#"):
            return bool(_STARTS_YAML.match(line)) and (not line.startswith("---") or bool(_TASKS_KEY.search(text)))
    return False


def _normal(text: str) -> str:
    """One kind of line end, no byte order mark, nothing that can't be encoded; places stay as an editor shows them."""
    text = _SURROGATE.sub("\ufffd", text).removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _nothing(text: str, yaml_file: bool) -> str:
    if yaml_file:
        return "There is no task in this file; add `tasks:` with a list of them."
    if looks_like_yaml(text) and _TASKS_KEY.search(text):
        return "There is no task here, but it looks like YAML; put it into a block between ```yaml and ```."
    return "There is no task here; write them as `- [ ] **id** Title (owner/repo)`, or as a `yaml` block with `tasks:`."


def _from_yaml(text: str, findings: Findings) -> Pages:
    reader = composer(text, findings)
    root = reader.compose()
    return Pages(None, {}, []) if reader.refused else read_yaml(root, findings)


def _from_issue(text: str, findings: Findings) -> Pages:
    if text.count("\n") >= MAX_LINES:
        findings.add("too_large", f"The document has more than {MAX_LINES:,} lines; split it into several plans.")
        return Pages(None, {}, [])
    if not _MAY_HOLD_A_PLAN.search(text):
        return Pages(None, {}, [])
    document = markdown.scan(text)
    if document.too_deep is not None:
        spot = Spot("", document.too_deep + 1, 1)
        findings.add("too_deep", "Lists and quotes are nested too deeply here; flatten them.", spot)
        return Pages(None, {}, [])
    blocks = [
        block for fence in document.fences if fence.language in {"yaml", "yml"} and (block := _Block(fence)).is_plan
    ]
    drafts = read_list(document, findings)
    places = sorted([block.line for block in blocks] + [draft.spot.line for draft in drafts[:1]])
    if len(places) > 1:
        message = (
            f"A second plan starts here; the first one starts on line {places[0]}. "
            "Keep one: a task list or one `yaml` block."
        )
        findings.add("two_plans", message, Spot("", places[1], 1))
        return Pages(None, {}, [])
    title = _heading(document)
    if not blocks:
        return Pages(title, {}, drafts)
    pages = blocks[0].read(findings)
    return pages if pages.title else Pages(title, pages.defaults, pages.drafts)


def _heading(document: Document) -> Spot | None:
    """The first top heading is the plan's title; a heading is prose, so one that is too long is cut."""
    title = clean_line(document.heading)[:MAX_TITLE].strip()
    return Spot(title) if title else None


class _Block:
    """A fenced block that may be a plan. It is read at once, but its problems count only if it is one."""

    def __init__(self, fence: Fence) -> None:
        self.line = fence.first
        self._findings = Findings()
        self._composer = composer(fence.content, self._findings, _shift(fence))
        self._root: Node | None = self._composer.compose()
        broken = self._root is None and self._findings.failed
        self.is_plan = holds_tasks(self._root) or (broken and bool(_TASKS_KEY.search(fence.content)))

    def read(self, findings: Findings) -> Pages:
        for problem in self._findings.listed():
            findings.add(problem.kind, problem.message, Spot("", problem.line, problem.column))
        return Pages(None, {}, []) if self._composer.refused else read_yaml(self._root, findings)


def _shift(fence: Fence) -> Shift:
    return lambda line, column: (fence.first + line + 1, fence.indent + column + 1)
