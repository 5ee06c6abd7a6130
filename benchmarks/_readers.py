"""The readers of what strangers write, and the pieces that mean something to them."""

from collections.abc import Callable
from contextlib import suppress

from handlers.reading import parse as parse_event
from services.core import boxes
from services.core.codeowners import owners_of
from services.core.commands import may_hold_aliases, parse_commands
from services.core.config import is_freeze_unread, read_config
from services.core.depends import depends_on
from services.core.drafting import judge
from services.core.names import STICKY
from services.core.parse import Form, parse
from services.core.plan_file import file_named
from services.core.plan_relations import Blocker, SubIssue, are_named, read_relations
from services.core.pull_text import asked_of_us, issues_named
from services.core.reposet_read import read_set
from services.errors import UserError


def _plan(form: Form) -> Callable[[str], None]:
    def read(text: str) -> None:
        parsed = parse(text, home="acme/api", form=form)
        lines = text.count("\n") + text.count("\r") + 2
        if parsed.plan is None and not parsed.problems:
            raise AssertionError("no plan, and nothing said of it")
        for problem in parsed.problems:
            if not 0 <= problem.line <= lines:
                raise AssertionError(f"a problem in line {problem.line} of {lines}")

    return read


def _commands(text: str) -> None:
    for command in parse_commands(text, {"lgtm": "approve", "r+": "approve"}):
        str(command)
    may_hold_aliases(text, {"help", "status"})
    if (held := parse_commands(f"{text}\n\n")) != (whole := parse_commands(f"{text}\n\nsee /docs")):
        raise AssertionError(f"read are {held}, and {whole} where something else looks like a command")


def _settings(text: str) -> None:
    with suppress(UserError):
        read_config(text)


def _defaults(text: str) -> None:
    """The same file as the organisation's, below one of the repository's own."""
    with suppress(UserError):
        read_config("merge: squash\n", defaults=text)
    is_freeze_unread(text)


def _relations(text: str) -> None:
    """The text in parts, as the titles and bodies of sub-issues."""
    parts = text.split("\n\n", SUB_ISSUES - 1)
    subs = [
        SubIssue(repo="acme/api", number=n, title=part[:400], body=part, blockers=_BLOCKED[n % len(_BLOCKED)])
        for n, part in enumerate(parts, 2)
    ]
    parsed = read_relations("A plan", subs, home="acme/api", installed=("acme/api",))
    if parsed.plan is None and not parsed.problems:
        raise AssertionError("no plan, and nothing said of it")


def _boxes(text: str) -> None:
    """As our own comment after somebody's edit, with every box in it that there is."""
    body = "\n".join([STICKY, *map(str, _OFFERED), text])
    boxes.ticked(body.replace("[ ]", "[x]"), body)
    if boxes.unticked(boxes.unticked(body)) != boxes.unticked(body):
        raise AssertionError("what is unticked can still be unticked")


def _draft(text: str) -> None:
    judged = judge(text, home="acme/api", repos=("acme/api", "acme/web"), agents=("script",), title="A plan")
    if bool(judged.text) == bool(judged.problems):
        raise AssertionError("neither a plan nor problems, or both")


def _owners(text: str) -> None:
    owners_of(text, ("api/**", "docs/*.md", text[:200]))


def _events(text: str) -> None:
    """A delivery's body, and a comment with this text."""
    for name in ("issue_comment", "push", "check_run", "sub_issues"):
        parse_event(name, "guid", text.encode("utf-8", "replace"))


def _sets(text: str) -> None:
    read = read_set(text, "acme")
    if (read.found is None) != bool(read.errors):
        raise AssertionError("neither a set nor errors, or both")


def _depends(text: str) -> None:
    depends_on(text, "acme/api", "https://github.com")
    file_named(text)
    are_named(text)


def _pulls(text: str) -> None:
    issues_named(text, "acme/api")
    asked_of_us(text)


SUB_ISSUES = 40
_BLOCKED = ((), (Blocker(repo="acme/api", number=2, is_open=True),), (Blocker(repo="", number=0, is_open=True),))
_OFFERED = tuple(boxes.Box(verb=verb, version="a" * 64 if verb == "approve" else "") for verb in boxes.VERBS)

READERS: dict[str, Callable[[str], None]] = {
    "issue": _plan("issue"),
    "yaml": _plan("yaml"),
    "relations": _relations,
    "draft": _draft,
    "commands": _commands,
    "boxes": _boxes,
    "settings": _settings,
    "defaults": _defaults,
    "repositories": _sets,
    "depends": _depends,
    "pulls": _pulls,
    "owners": _owners,
    "events": _events,
}

MARKS = (
    ">", "> ", "-", "- ", "1. ", " ", "    ", "\t", "\n", "\n ", "<!--", "-->", "<?", "<div>", "<pre>", "```", "`", "#",
    "===", "[ ] ", "x", "/lockstep run", "Closes #4",
)  # fmt: skip
"""What a few of mean something to the reader of blocks: how they nest, and what stands at the very end of a text."""

KEPT = (">- <?\n>", "> - <!--\n>", "- > - <![CDATA[\n  >", "x\n `/lockstep run`", "`a\n/` /lockstep run")
"""What once was read wrongly, or made a reader fall over."""

PIECES = (
    *"\n\r\t `~*_<>[]()#-+!&|:;,.'\"\\/@{}=?%^$0aA\u00e9\u200b\ufeff\u2028\x00",
    "`a` ", "`a`,", "`,", "<blockquote>\n\n", "</blockquote>\n\n", "<code>", "a | b\n--|--\n", "From: a\n",
    "Subject: b\n",
    "\n\n", "\r\n", "    ", "- [ ] ", "- [x] ", "* ", "1. ", "> ", "```", "```yaml\n", "\n```\n", "~~~", "``", "**",
    "**a** ", "<!--", "-->", "<details>", "</details>", "[a](b)", "![", "](", "&amp;", "\n---\n", "\n===\n", "# ",
    "| a | b |\n|---|---|\n", " · ", " · needs: ", " · run: ", "priority: 1", "paths: a/**", "timeout: 1h",
    "group: g", "(acme/api)", "acme/web", "title: ", "tasks:\n", "defaults:\n", "- id: a\n", "  needs: [a]\n",
    "  repo: acme/api\n", "  run: |\n", "    make\n", "{a: [", "]}", "&a ", "*a", "!!binary ", "<<: *a", "? ", ">-\n",
    "|2\n", "%YAML 1.1\n", "--- ", "...\n", "0x1", "1e9", "null", "yes", "2026-01-01", "/lockstep ", "@lockstep ",
    "approve", "retry all", "run flow=a", "key=value", "/lgtm", "r+", "org/repo#1", "Depends-On: ", "Closes #4",
    "Lockstep-Task: #4", "https://github.com/acme/api/pull/1", "Plan: .github/plans/a.yaml", "approvals:\n",
    "  required: 2\n", "  users: [ana]\n", "aliases:\n", "  lgtm: approve\n", "merge: squash\n",
    "repositories:\n", "  - name: a\n", "  b: {automation: {depends_on: [a]}}\n", "cross_repo_workflows:\n",
    "    repositories: [a]\n", "Plan: sub-issues\n", "```lockstep\n", "<!-- lockstep:box=run -->",
    "- [x] <!-- lockstep:box=approve/", "/.github/** ", "@ana ", "@acme/team\n", "freeze:\n", '{"a": ', '["a", ', '"}',
)  # fmt: skip
