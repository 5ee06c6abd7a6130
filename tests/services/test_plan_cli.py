"""`python -m bot plan`: verdicts, exit statuses, and what is shown to people and to programs."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.plan_cli import main
from bot.plan_show import show
from tests.core.drawn import HOME, read

PLANS = Path(__file__).parents[1] / "core" / "plans"
GOOD = str(PLANS / "valid" / "rename-column.md")
BAD = str(PLANS / "broken" / "two-circles.md")


@pytest.fixture
def installed(tmp_path: Path) -> str:
    file = tmp_path / "installed.txt"
    file.write_bytes("\ufeffacme/api\r\n\n# ours\nacme/data \nacme/web\n".encode())
    return str(file)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main(["check", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out.strip().split("\n")[-1])


def test_a_valid_plan_as_json(capsys: pytest.CaptureFixture[str], installed: str) -> None:
    status, found = answer(capsys, GOOD, "--home", HOME, "--installed", installed)
    assert status == 0
    assert len(found.pop("hash")) == 64
    assert found == {
        "verdict": "valid",
        "title": "Rename `customer` to `account`",
        "tasks": 4,
        "edges": 4,
        "repos": ["acme/api", "acme/data", "acme/web"],
        "critical_path": 4,
        "critical_path_tasks": ["column", "api", "web", "docs"],
        "layers": [["column"], ["api"], ["web"], ["docs"]],
        "roots": ["column"],
        "done": ["column"],
        "needs": {"column": [], "api": ["column"], "web": ["api"], "docs": ["api", "web"]},
        "errors": [],
        "warnings": [],
    }


def test_a_broken_plan_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = answer(capsys, BAD, "--home", HOME)
    assert (status, found["verdict"], found["hash"], found["critical_path"]) == (1, "invalid", None, 0)
    assert [(error["kind"], error["line"]) for error in found["errors"]] == [
        ("cycle", 1),
        ("cycle", 4),
        ("self_dependency", 6),
    ]
    assert set(found["errors"][0]) == {"kind", "message", "line", "column", "severity"}


def test_without_home_a_task_has_to_name_its_repository(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = answer(capsys, GOOD)
    assert (status, [error["kind"] for error in found["errors"]]) == (1, ["missing_field"])


def test_a_repository_that_is_not_installed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("acme/data\nacme/web\n")
    status, found = answer(capsys, GOOD, "--home", HOME, "--installed", str(other))
    assert (status, [error["kind"] for error in found["errors"]]) == (1, ["unknown_repo"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "gone.md"],
        ["check", "."],
        ["check", "a\0b"],
        ["check", GOOD, "--home", "nope"],
        ["check", GOOD, "--installed", "gone.txt"],
    ],
)
def test_bad_input_is_one_sentence_and_status_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lockstep: ")
    assert said.err.endswith(".\n")
    assert said.err.count("\n") == 1


def test_bad_usage_is_status_2() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["check"])


def test_people_read_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", GOOD, "--home", HOME]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "task    repository  needs     title",
        "column  acme/data   -         Add the column `account` (done)",
    ]
    assert lines[-2:] == [
        "Critical path: column → api → web → docs (4 tasks)",
        "Valid: 4 tasks, 4 needs, 3 repositories, 4 layers.",
    ]
    assert main(["check", BAD, "--home", HOME]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{BAD}:1:24: These tasks wait for each other")
    assert lines[-1] == "Not a valid plan: 3 problems."


def test_an_agent_that_there_is_not_is_warned_of_at_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "plan.md"
    file.write_text(
        "- [ ] **a** A · agent: coder\n- [ ] **b** B · agent: codr\n- [ ] **c** C · agent: human\n", "utf-8"
    )
    assert main(["check", str(file), "--home", HOME]) == 0
    warned = [line for line in capsys.readouterr().out.splitlines() if "warning" in line]
    assert warned == [
        f"{file}:2:1: warning: `b` names the agent `codr`, which is not known here. Did you mean `coder`?"
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_people_see_a_table_on_a_terminal_and_nothing_steers_it() -> None:
    out = Terminal()
    show(read("- [ ] **a** [red]x[/red] \x1b[31m \x9b2J <b> (acme/api)"), "plan.md", out)
    assert "[red]x[/red]" in out.getvalue()
    assert "repository" in out.getvalue()
    assert "\x9b" not in out.getvalue()
    assert "\x1b[31m" not in out.getvalue()


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Lockstep plan"


def test_a_check_starts_without_the_heavy_parts_of_the_bot() -> None:
    heavy = "{'aiohttp', 'rich', 'sqlite3', 'gidgethub'}"
    code = f"import sys, bot.plan_cli as c; c.main(['check', sys.argv[1]]); print({heavy} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, GOOD], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_standard_input_is_read() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "bot", "plan", "check", "-", "--json"]
    text = "- [ ] **a** A (acme/api)\r\n".encode("utf-8-sig")
    done = subprocess.run(command, cwd=root, input=text, capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["tasks"]) == (0, 1)


def test_whoever_reads_may_stop_or_lack_a_sign() -> None:
    """What fails is not the plan, so there is no status that says so, and no traceback."""
    command, root = [sys.executable, "-m", "bot", "plan", "check", GOOD, "--home", HOME], Path(__file__).parents[2]
    unread, end = os.pipe()
    os.close(unread)
    cut = subprocess.run(command, cwd=root, stdout=end, stderr=subprocess.PIPE, check=False)
    os.close(end)
    assert (cut.returncode, cut.stderr) == (141, b"")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=root, env=ascii_only, capture_output=True, check=True)
    assert rb"Critical path: column \u2192 api" in done.stdout


def lived(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["simulate", *arguments])
    return status, capsys.readouterr().out


def test_a_plan_is_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = lived(capsys, GOOD, "--home", HOME, "--workers", "2")
    assert status == 0
    assert out.startswith("3 open tasks, simulated 200 times with 2 workers: ")
    assert [line.partition(":")[0] for line in out.splitlines()[1:]] == [
        "Finish",
        "Critical path",
        "At the same time",
        "API calls",
        "CI",
        "Money for models",
    ]
    assert "Critical path: api → web → docs (" in out


def test_a_simulation_as_json_is_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = lived(capsys, GOOD, "--home", HOME, "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["tasks"], found["workers"], found["money"]["most"]) == (3, 4, "0")
    assert found["seconds"]["low"] < found["seconds"]["middle"] < found["seconds"]["high"]
    assert lived(capsys, GOOD, "--home", HOME, "--json") == (0, out)


def test_what_may_change_the_same_files_is_simulated_one_after_the_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "plan.md"
    file.write_text("".join(f"- [ ] **t{n}** Change it · paths: src/**\n" for n in range(3)), encoding="utf-8")
    status, out = lived(capsys, str(file), "--home", HOME, "--json")
    found = json.loads(out)
    assert (status, found["peak"], len(found["path"])) == (0, 1, 3)


def test_a_broken_plan_is_not_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = lived(capsys, BAD, "--home", HOME)
    assert status == 1
    assert "Not a valid plan" in out
    assert main(["simulate", BAD, "--home", HOME, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "invalid"


def test_a_simulation_without_workers_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", GOOD, "--workers", "0"]) == 2
    assert capsys.readouterr().err == "lockstep: --workers takes 1 to 1,000.\n"
