"""The documentation says what is there: every setting, command, key, option, page and metric, and links that lead somewhere."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import handlers.commands
from bot.__main__ import COMMANDS
from bot.settings import PREFIX, Settings
from services.core.plan_fields import KEYS
from services.metrics import Metrics

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
TEXTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_generated_pages_are_up_to_date() -> None:
    done = run("docs/generate.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("page", "options"), [("plan", ()), ("config", ("--settings",))])
def test_the_published_schema_is_the_printed_one(page: str, options: tuple[str, ...]) -> None:
    done = run("-m", "bot", "plan", "schema", *options)
    assert (done.returncode, done.stdout) == (0, (REFERENCE / f"{page}.schema.json").read_text())


def test_every_setting_is_explained() -> None:
    page = (REFERENCE / "settings.md").read_text()
    for name in Settings.__struct_fields__:
        assert f"| `{PREFIX}{name.upper()}` |" in page


def test_every_command_is_explained() -> None:
    handlers.commands.load()
    page = (REFERENCE / "commands.md").read_text()
    for verb in handlers.commands.COMMANDS.names():
        assert f"| `/lockstep {verb}" in page


def test_every_key_of_a_plan_is_explained() -> None:
    page = (REFERENCE / "plan.md").read_text()
    for key in KEYS:
        assert f"| `{key}` |" in page


@pytest.mark.parametrize("command", [*COMMANDS, "plan check", "plan schema"])
def test_every_option_of_the_command_line_is_explained(command: str) -> None:
    page = (REFERENCE / "command-line.md").read_text()
    done = run("-m", "bot", *command.split(), "--help")
    assert done.returncode == 0
    assert f"`{command}" in page or f"## {command}\n" in page
    for option in set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}:
        assert f"`{option}" in page, option


def test_every_metric_is_explained() -> None:
    page = (REFERENCE / "pages.md").read_text()
    metrics = Metrics()
    metrics.github(Counter)
    metrics.listened(int, int)
    for metric in metrics.registry.collect():
        if metric.name.startswith("process_"):
            continue
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert f"| `{name}` | {metric.type} |" in page


def navigation(part: Any) -> Iterator[str]:
    """The files that mkdocs' `nav` names."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from navigation(inner)


def test_every_page_is_in_the_navigation() -> None:
    pages = set(navigation(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert pages == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and mkdocs make them."""
    headings = re.findall(
        r"^#{1,6} +(.*)$", re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text())):
        if re.match(r"https?://|mailto:", target):
            continue
        place, _, anchor = target.partition("#")
        there = (path.parent / place).resolve() if place else path
        assert there.is_file(), target
        assert not anchor or anchor in anchors(there), target


def test_the_two_commands_of_the_readme_are_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", "\n".join(path.read_text() for path in TEXTS)))
    assert {"demo", "test"} <= named <= targets
    assert "```console\n$ make demo\n$ make test\n```" in (ROOT / "README.md").read_text()


def test_commands_in_the_docs_exist() -> None:
    """What a reader would copy: `python -m bot X` and files of this repository."""
    for path in TEXTS:
        text = path.read_text()
        assert set(re.findall(r"python -m bot ([a-z]+)", text)) <= set(COMMANDS), path
        for name in re.findall(r"`((?:bot|services|handlers|tests|docs|core)/[\w/.]+\.(?:py|yml|md))`", text):
            assert (ROOT / name).is_file() or (ROOT / "services" / name).is_file(), (path, name)


def test_the_workflow_of_the_page_leaves_a_branch_only_where_something_was_changed(tmp_path: Path) -> None:
    page = (DOCS / "how-to" / "actions-agent.md").read_text()
    (written,) = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "jobs:" in text]
    script = yaml.safe_load(written)["jobs"]["work"]["steps"][-1]["run"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TASK": "one", "BRANCH": "result"}

    def sh(line: str) -> str:
        done = subprocess.run(
            ["bash", "-e", "-c", line], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout

    sh("git init --quiet --bare remote && git init --quiet work && cd work && git remote add origin ../remote")
    sh("cd work && git -c user.name=a -c user.email=a@example.com commit --quiet --allow-empty --message first")
    sh(f"cd work\n{script}")
    assert sh("git -C remote branch --list") == ""
    sh(f"cd work\necho 1 > one.txt\n{script}")
    assert sh("git -C remote ls-tree --name-only result") == "one.txt\n"
