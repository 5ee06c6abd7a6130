"""The rules of the house that no linter knows: what every file has, what there is exactly one of, what is nowhere."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from inline_snapshot import external_file

import handlers
import handlers.commands
import services.agents
import services.checks
import services.core.resolvers
from services.metrics import KNOWN_EVENTS

ROOT = Path(__file__).parent.parent
CODE = ("bot", "handlers", "services", "tests", "benchmarks", "docs")
LONG_FILE, LONG_FUNCTION = 400, 60
Trees = dict[str, ast.Module]

WITHOUT_SUBSCRIPTION = {"installation", "installation_repositories", "lockstep.asked"}
"""GitHub sends these to every App, or they are our own; they cannot be subscribed to."""

CORE_WITHOUT_TEST: set[str] = set()
BROAD = {"bot/dispatch.py": 1}
"""Where an error of any kind may be swallowed, and how often."""

MACHINE_PATH = re.compile(r"(?<![\w.}$*~<>-])/(?:work|root|home|Users|mnt|tmp/build)/[\w.-]+")
OWN_PATHS = {"/home/agent"}
"""Paths that are meant: the home directory inside the box."""
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|npmmirror|golang|crates|rubygems|docker|ghcr|quay|gcr)\.(?:org|com|io|cn)\b"
)


@cache
def tracked() -> list[Path]:
    """The files of the project: what git knows, or everything outside of tools' folders when there is no git."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.parts)]


@cache
def sources() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in CODE]


@pytest.fixture(scope="module")
def trees() -> Trees:
    """Every source, parsed: as much memory as all else, so it is not there before a test asks for it."""
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in sources()}


def test_every_module_says_what_it_is_for(trees: Trees) -> None:
    assert [name for name, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_every_part_of_the_core_has_its_test(trees: Trees) -> None:
    names = {Path(name).stem for name in trees if name.startswith("services/core/")} - {"__init__"}
    tested = {Path(name).stem.removeprefix("test_") for name in trees if name.startswith("tests/core/test_")}
    assert names - tested == CORE_WITHOUT_TEST


def test_only_dispatch_swallows_errors_of_any_kind(trees: Trees) -> None:
    found = {name: sum(1 for _ in swallowers(tree)) for name, tree in trees.items() if not name.startswith("tests/")}
    assert {name: count for name, count in found.items() if count} == BROAD


def swallowers(tree: ast.Module) -> Iterator[ast.ExceptHandler]:
    """Handlers that catch everything and do not raise it again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            broad = any(kind is None or (isinstance(kind, ast.Name) and kind.id in WIDEST) for kind in kinds)
            last = node.body[-1]
            if broad and not (isinstance(last, ast.Raise) and last.exc is None):
                yield node


WIDEST = {"Exception", "BaseException"}


def test_the_search_for_swallowers_finds_them() -> None:
    caught = "try:\n    f()\nexcept {}:\n    {}\n"
    for kind, body, count in [
        ("Exception", "pass", 1),
        ("(OSError, BaseException) as e", "log(e)", 1),
        ("BaseException", "raise", 0),
        ("Exception", "raise ValueError", 1),
        ("OSError", "pass", 0),
    ]:
        assert len(list(swallowers(ast.parse(caught.format(kind, body))))) == count, (kind, body)


TEXT_ELSEWHERE = {
    "command", "compile", "delay", "_spawn",
    "AgentError", "Fenced", "HandBack", "RuntimeError", "StoreError", "StoreBusy", "_Lost",
}  # fmt: skip
"""What may be called with a text: the help of a command, a pattern, names for logs, errors that are no refusals."""
SENTENCE = re.compile(r"[a-z}`][,.;:]? [a-z{`(]", re.IGNORECASE)


def test_handlers_and_the_engine_hold_no_sentence(trees: Trees) -> None:
    """What people read lies in services/core, each text with its snapshot."""
    found = [
        f"{name}:{line} {text!r}"
        for name, tree in trees.items()
        if name.startswith(("handlers/", "services/engine/"))
        for line, text in sentences(tree)
    ]
    assert found == []


def sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts of words with blanks between them, but for docstrings, logs and what is compared with GitHub's own words; and every text that a command returns."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr | ast.Compare | ast.JoinedStr):
            passed.update(map(id, ast.iter_child_nodes(node)))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.startswith("log.") or called.rpartition(".")[2] in TEXT_ELSEWHERE:
                passed.update(id(part) for each in ast.iter_child_nodes(node) for part in ast.walk(each))
    for node in ast.walk(tree):
        text = written(node) if id(node) not in passed else ""
        if SENTENCE.search(text) and re.search(r"[A-Za-z]{3}", text):
            yield node.lineno, text  # type: ignore[attr-defined]


def written(node: ast.AST) -> str:
    """The text of a literal, with {} where something is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) or "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_the_search_for_sentences_finds_them() -> None:
    for code, count in [
        ('raise UserError("Not so.")', 1),
        ('answer = f"Done: {ids}."', 1),
        ('answer = "one" if ids else f"not {x}"', 1),
        ('"""A docstring of words."""', 0),
        ('log.info("it is gone", why="of that")', 0),
        ('Outcome(note=f"it is {x} now")', 1),
        ('Outcome(text="it waits")', 1),
        ('known = "not found" in message', 0),
        ('raise Fenced("out of date")', 0),
        ('key = f"{repo}#{number}"', 0),
        ('kind = "status"', 0),
    ]:
        assert len(list(sentences(ast.parse(code)))) == count, code


TEXTS = ("handlers/", "services/")
"""Where texts are written that people read: in a comment, a check, an issue, on a page, as the reason of a failure."""
NOT_FOR_PEOPLE = (
    "services/sandbox/", "services/store/",  # GitHub's words, and SQL
    "services/core/clock", "services/core/prompts", "services/core/proof",  # errors of whoever writes code or patterns
    "services/core/failure_patterns", "services/core/failure_table",  # words of logs
    "services/github/queries", "services/github/talk",  # GraphQL
    "services/agents/pretend", "services/registry", "services/metrics",
)  # fmt: skip
"""Files none of whose texts stand there."""
UNSAID = {
    "re.compile", "msgspec.Meta", "Meta",
    "Key", "Kind", "Rule",  # what the reference says of a key, a problem, a rule
    "AssertionError", "Fenced", "HandBack", "RuntimeError", "StoreError", "TypeError", "_Lost",  # handled, or logged
}  # fmt: skip
"""Calls whose texts nobody reads there; nor does anybody what is logged."""


def test_every_sentence_that_people_read_stands_in_a_test(trees: Trees) -> None:
    """Whoever changes the words of one changes a snapshot too."""
    shown = "\n".join(
        node.value.replace("\u2060", "")
        for name, tree in trees.items()
        if name.startswith("tests/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    told = [
        f"{name}:{line} {text!r}"
        for name, tree in trees.items()
        if name.startswith(TEXTS) and not name.startswith(NOT_FOR_PEOPLE)
        for line, text in spoken(tree)
        if text.strip() not in shown
    ]
    assert told == []


WORDS = "tests/words_of_bot.txt"
"""What pages and the command line say, which no comment holds: `--inline-snapshot=fix` writes it anew."""
NO_WORDS = re.compile(r"\b(?:SELECT|PRAGMA|INSERT|UPDATE)\b|^run_id IN |default-src|^body\{|; charset=|max-age=")


def test_what_pages_and_the_command_line_say_is_kept_word_for_word(trees: Trees) -> None:
    said = {
        f"{name}: {text!r}\n"
        for name, tree in trees.items()
        if name.startswith("bot/") and not name.startswith("bot/demo/cast")
        for _, text in spoken(tree)
        if not NO_WORDS.search(text)
    }
    assert "".join(sorted(said)) == external_file(ROOT / WORDS, format=".txt")


def spoken(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts of three words and more that are no docstrings, no annotations, and nothing that is UNSAID."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed.add(id(node.value))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Constant):
            passed.add(id(node.annotation))
        elif isinstance(node, ast.Call) and is_unsaid(ast.unparse(node.func)):
            passed.update(map(id, ast.walk(node)))
        elif isinstance(node, ast.Compare):  # with GitHub's own words
            passed.update(map(id, ast.iter_child_nodes(node)))
        elif isinstance(node, ast.Dict):  # a JSON schema, for editors
            keyed = zip(node.keys, node.values, strict=True)
            passed |= {
                id(value) for key, value in keyed if isinstance(key, ast.Constant) and key.value == "description"
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            words = re.findall(r"[A-Za-z']{2,}", node.value)
            if " " in node.value and len(words) >= 3:
                yield node.lineno, node.value


def is_unsaid(called: str) -> bool:
    return called in UNSAID or called.startswith(("log.", "self._log."))


def test_the_search_for_what_people_read_finds_it() -> None:
    for code, texts in [
        ('said = "waits for a review"', ["waits for a review"]),
        ('said = f"waits for {x} to end soon" + "it"', [" to end soon"]),
        ('raise ValueError("it comes too late")', ["it comes too late"]),
        ('{"title": "all of it merged"}', ["all of it merged"]),
        ('{"description": "all of it merged"}', []),
        ('x = Meta(description="How many there are")', []),
        ('x = re.compile("the one or two")', []),
        ('log.info("the one or two")', []),
        ('raise Fenced("the one or two")', []),
        ('if "the one or two" in said: pass', []),
        ('"""A docstring of words."""', []),
        ('x: "dict[str, tuple[int, str]]"', []),
        ('said = "a b c d"', []),
    ]:
        assert [text for _, text in spoken(ast.parse(code))] == texts, code


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|[Nn]ot implemented")
    own = Path(__file__).relative_to(ROOT).as_posix()
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sources()
        if path.relative_to(ROOT).as_posix() != own
        for line in path.read_text().splitlines()
        if mark.search(line)
    ]
    assert found == []


def test_the_manifest_asks_for_the_events_that_are_handled() -> None:
    manifest = yaml.safe_load((ROOT / "app.yml").read_text())
    handled = set(handlers.load())
    assert set(manifest["default_events"]) == handled - WITHOUT_SUBSCRIPTION
    assert handled <= KNOWN_EVENTS
    assert manifest["default_events"] == sorted(manifest["default_events"])
    assert {"administration", "workflows", "secrets"}.isdisjoint(manifest["default_permissions"])


def test_what_registers_itself_is_what_we_think() -> None:
    handlers.commands.load()
    services.checks.load()
    services.agents.AGENTS.load(services.agents)
    assert handlers.commands.COMMANDS.names() == [
        "approve", "assign", "budget", "cancel", "cost", "delegate", "explain", "help", "hold", "lesson", "merge",
        "model", "override", "ping", "priority", "rebase", "recreate", "refresh", "replan", "resume", "retry", "rollback", "run",
        "simulate", "skip", "status", "try", "unapprove",
    ]  # fmt: skip
    assert services.agents.AGENTS.names() == [
        "actions", "aider", "claude", "coder", "codex", "copilot", "gemini", "opencode", "script",
    ]  # fmt: skip
    assert services.checks.CHECKS.names() == ["lockstep/gate", "lockstep/plan"]
    rules = [name for name, _ in services.core.resolvers.ranked()]
    assert rules == [
        "blanks",
        "version",
        "pins",
        "contained",
        "imports",
        "apart",
        "beside",
        "added",
        "keys",
        "releases",
        "entries",
        "definitions",
    ]


def test_no_place_of_one_machine_is_named() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:  # a picture or an archive
            continue
        for line in text.splitlines():
            places = [match[0] for match in MACHINE_PATH.finditer(line) if match[0] not in OWN_PATHS]
            found += [f"{path.relative_to(ROOT)}: {what}" for what in places + REGISTRY.findall(line)]
    assert found == []


def test_long_files_and_functions_are_told(trees: Trees) -> None:
    """Told, not forbidden: the figures are aims."""
    told = []
    for name, tree in trees.items():
        lines = len((ROOT / name).read_text().splitlines())
        if lines > LONG_FILE:
            told.append(f"{name} has {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONG_FUNCTION:
                    told.append(f"{name}:{node.lineno} {node.name} has {length} lines")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for line in told:
            warnings.warn(line, stacklevel=1)


BREAKS = {
    "1 bot over handlers over services": ("services/core/clock.py", "import handlers"),
    "2 the layers inside services": ("services/store/db.py", "import services.engine"),
    "3 core, recovery and checks are pure": ("services/core/gate.py", "import sqlite3"),
    "4 commands do not import each other": ("handlers/commands/ping.py", "import handlers.commands.help"),
    "5 the sandbox stands alone": ("services/sandbox/clock.py", "import services.errors"),
    "6 only bot starts the sandbox": ("services/git/command.py", "import services.sandbox"),
    "7 handlers reach GitHub and the store only through the engine": ("handlers/checks.py", "import services.store.db"),
}
"""Contract -> a file, and the line in it that would break exactly this contract."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three packages, to be broken."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("bot", "handlers", "services"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=lambda _, names: [n for n in names if "__pycache" in n]
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken(folder: Path) -> set[str]:
    """Names of the contracts that import-linter reports as broken."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Contracts" in done.stdout, done.stdout + done.stderr
    return set(re.findall(r"^(.*?) BROKEN$", done.stdout, re.MULTILINE))


def test_every_contract_can_be_broken() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == set(BREAKS)


@pytest.mark.parametrize("contract", BREAKS)
def test_a_broken_contract_is_reported(copy: Path, contract: str) -> None:
    name, line = BREAKS[contract]
    path = copy / name
    text = path.read_text()
    path.write_text(f"{text}\n{line}\n")
    try:
        assert broken(copy) == {contract}
    finally:
        path.write_text(text)


def test_the_tree_keeps_its_contracts(copy: Path) -> None:
    assert broken(copy) == set()
