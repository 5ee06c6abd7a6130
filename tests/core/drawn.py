"""Plans and documents for the tests of the parser: short builders, and strategies that draw many of them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from services.core.parse import Form, parse
from services.core.plan import Parsed, Plan, Task
from services.core.plan_rules import refuse_group_circle
from services.core.plan_text import clean_line
from services.core.problems import Findings

INSTALLED = ("acme/api", "acme/auth", "acme/data", "acme/docs", "acme/web", "orbit/station")
HOME = "acme/web"


def task(task_id: str, *needs: str, **fields: Any) -> Task:
    return Task(**{"id": task_id, "title": f"Do {task_id}", "repo": "acme/api", "needs": needs, **fields})


def plan(*tasks: Task, title: str = "") -> Plan:
    return Plan(title=title, tasks=tasks)


def chain(length: int) -> Plan:
    """t0 <- t1 <- t2 …"""
    return plan(*(task(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(length)))


def read(text: str, form: Form = "issue") -> Parsed:
    return parse(text, home=HOME, installed=INSTALLED, form=form)


def accepted(text: str, form: Form = "issue") -> Plan:
    """The plan of a text that has to be valid."""
    parsed = read(text, form)
    assert parsed.plan is not None, parsed.errors
    return parsed.plan


def found(text: str, form: Form = "issue") -> list[tuple[str, int]]:
    """(kind, line) of every problem, warnings too."""
    return [(problem.kind, problem.line) for problem in read(text, form).problems]


def _words(text: str) -> list[str]:
    return text.split()


IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True)
WORDS = st.sampled_from(
    _words("Add a the `needs:` (again) ä 尺寸 **x** · #12 @octocat x: <!-- --> | &amp; \\ - 1. () `")
)
LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
PROSE = st.one_of(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), LETTERS.map(clean_line).filter(bool))
COMMANDS = st.sampled_from(
    ["", "make check", "pytest -q · tests", "`date`", "a\n\nb: |\n  c", "- [ ] **x** y", "echo '#1' # 2"]
)
PATHS = st.sampled_from(["src/**", "docs/*.md", "a,b/c", "README.md", "x y/z", "**/action.yml"])
BODIES = st.sampled_from(
    ["", "One line", "- a\n  - b\n\n    code", "```\nx\n```", "· needs: z", "- [ ] **b** c", "# h\n\n---", "<!-- a -->"]
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans as the parser gives them out: every value in its normal spelling, needs only to earlier tasks."""
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique_by=str.casefold))
    tasks = [_drawn_task(draw, name, ids[:at]) for at, name in enumerate(ids)]
    if refuse_group_circle(tasks, Findings()):
        tasks = [msgspec.structs.replace(each, group="") for each in tasks]
    return plan(
        *draw(st.permutations(tasks)), title=draw(st.sampled_from(["", "Release 3", "C# and `F#`", "- a", "a #"]))
    )


def _drawn_task(draw: st.DrawFn, name: str, earlier: list[str]) -> Task:
    return Task(
        id=name,
        title=draw(PROSE),
        repo=draw(st.sampled_from(INSTALLED)),
        needs=tuple(draw(st.lists(st.sampled_from(earlier), unique=True))) if earlier else (),
        paths=tuple(draw(st.lists(PATHS, unique=True, max_size=3))),
        agent=draw(st.sampled_from(["script", "coder"])),
        priority=draw(st.sampled_from([0.0, 1.0, -2.5, 1e300])),
        timeout=draw(st.sampled_from([1800, 60, 61, 86_400])),
        group=draw(st.sampled_from(["", "release", "phase 1"])),
        verify=draw(COMMANDS),
        rollback=draw(COMMANDS),
        run=draw(COMMANDS),
        prompt=draw(COMMANDS),
        body=draw(BODIES),
        budget=draw(st.sampled_from(["", "5", "0.25"])),
        model=draw(st.sampled_from(["", "vendor/some-model:1"])),
        done=draw(st.booleans()),
    )


MARKDOWN = [
    "- [ ] **a** T (acme/api)",
    " · needs: a",
    " · ",
    "\n\n",
    "  ",
    "    ",
    "> ",
    "```",
    "```yaml\n",
    "~~~",
    "<!--",
    "-->",
]
YAML = [
    "tasks:\n",
    "  - {id: a, title: T",
    "}",
    "[",
    "]",
    "- id: b\n",
    "  title: x\n",
    "  needs: [a]\n",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
]
ODD = [
    "\n",
    "\t",
    "\r\n",
    "\r",
    "\ufeff",
    "\u202e",
    "\x00",
    "\x1f",
    "\x85",
    "\u2028",
    '"',
    "'",
    "`",
    "**",
    "|\n",
    "# ",
    "é",
    "😀",
]
MORE = [
    "---\n",
    "...\n",
    "1. ",
    "<div>",
    "%YAML 9\n",
    "? ",
    "\\",
    "(",
    ")",
    "[x]",
    "+ [ ] **b** c\n",
    "· ",
    "===\n",
    "@",
]
PIECES = st.sampled_from([*MARKDOWN, *YAML, *ODD, *MORE])
DOCUMENTS = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))
