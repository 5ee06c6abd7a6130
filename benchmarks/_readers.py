"""The readers of what strangers write, and the pieces that mean something to them."""

from collections.abc import Callable
from contextlib import suppress

from services.core.commands import may_hold_aliases, parse_commands
from services.core.config import read_config
from services.core.depends import depends_on
from services.core.parse import Form, parse
from services.core.plan_file import file_named
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


def _settings(text: str) -> None:
    with suppress(UserError):
        read_config(text)


def _sets(text: str) -> None:
    read = read_set(text, "acme")
    if (read.found is None) != bool(read.errors):
        raise AssertionError("neither a set nor errors, or both")


def _depends(text: str) -> None:
    depends_on(text, "acme/api", "https://github.com")
    file_named(text)


def _pulls(text: str) -> None:
    issues_named(text, "acme/api")
    asked_of_us(text)


READERS: dict[str, Callable[[str], None]] = {
    "issue": _plan("issue"),
    "yaml": _plan("yaml"),
    "commands": _commands,
    "settings": _settings,
    "repositories": _sets,
    "depends": _depends,
    "pulls": _pulls,
}

PIECES = (
    *"\n\r\t `~*_<>[]()#-+!&|:;,.'\"\\/@{}=?%^$0aA\u00e9\u200b\ufeff\u2028\x00",
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
    "    repositories: [a]\n",
)  # fmt: skip
