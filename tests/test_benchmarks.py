"""The runner of the benchmarks: one JSON object in the last line, and exit statuses that scripts can rely on."""

import gzip
import json
import sys
from importlib import metadata
from itertools import islice
from pathlib import Path

import pytest

import benchmarks._https
import benchmarks._policies
import benchmarks._trace
import benchmarks.ci_logs
import benchmarks.demo
import benchmarks.transports
from benchmarks import MissingData, Report, Say, WentWrong, soak
from benchmarks.__main__ import main, names
from tests.core.logs import EXCERPTS


def measured(say: Say) -> Report:
    say("round 1 of 1")
    return Report(
        name="demo", figures={"seconds": 1.5, "calls": 3}, peers={"other": {"seconds": 2}}, conditions={"cpus": 2}
    )


def test_the_last_line_is_the_report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmarks.demo, "measure", measured)
    assert main(["demo"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "round 1 of 1"
    assert any(line.split() == ["seconds", "1.5", "2"] for line in told)
    assert main(["demo", "--json"]) == 0
    quiet = capsys.readouterr().out.splitlines()
    assert quiet == told[-1:]
    assert json.loads(quiet[0]) == {
        "name": "demo",
        "figures": {"seconds": 1.5, "calls": 3},
        "peers": {"other": {"seconds": 2}},
        "conditions": {"cpus": 2},
    }


@pytest.mark.parametrize(("error", "status"), [(MissingData("no data: see README"), 2), (WentWrong("it stopped"), 1)])
def test_what_cannot_be_measured_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, status: int
) -> None:
    def measure(say: Say) -> Report:
        raise error

    monkeypatch.setattr(benchmarks.demo, "measure", measure)
    assert main(["demo"]) == status
    assert capsys.readouterr().err == f"benchmarks: {error}\n"


def test_an_unknown_figure_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])
    assert ended.value.code == 2
    assert "demo" in names()
    assert "demo" in capsys.readouterr().err


def test_a_demo_that_fails_gives_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(WentWrong, match="exit status 1: it said nothing"):
        benchmarks.demo.measure(print)


def test_transports_without_a_server_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(_: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(benchmarks._https, "PLACES", "")
    monkeypatch.setattr(metadata, "version", gone)
    assert main(["transports"]) == 2
    assert capsys.readouterr().err == (
        "benchmarks: a server that speaks HTTP/2 is needed; install nginx, or Lockstep with its extra: "
        "pip install '.[bench]'.\n"
    )


def test_transports_names_the_figures_that_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks.transports, "HITS", 100)
    monkeypatch.setattr(benchmarks.transports, "FEWEST", 1)
    server = "hypercorn" if benchmarks._https.find_nginx() is None else "nginx"
    report = benchmarks.transports.measure(lambda line: None, requests=60, rounds=1)
    assert {"stack_cpu_ms", "hit_us", "connections"} <= set(report.figures)
    assert report.figures["connections"] == 1
    assert set(report.peers) >= {"limit", "aiohttp"}
    assert str(report.conditions["server"]).startswith(server)


def test_ci_logs_names_the_figures_that_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    logs = {"Test": EXCERPTS["pytest"][1], "Compilation": EXCERPTS["tsc"][1], "Unknown": "all is well\n"}
    bugs = [
        {"label": label, "project": f"acme-{number}", "log": log} for label, log in logs.items() for number in range(12)
    ]
    text = "calm\r\n" * 70 + "\rerror: it broke\n"
    pairs = [
        {"id": f"s/{name}_1", "set": "s", "errors": [["E", 72, 72], ["C", 71, 71]], "fail_log": text} for name in "abcd"
    ]
    for name, rows in (("bugswarm", bugs), ("cidiff", pairs)):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    monkeypatch.setenv("LOCKSTEP_CI_LOGS", str(tmp_path))
    monkeypatch.setattr(benchmarks.ci_logs, "ROUNDS", 1)
    report = benchmarks.ci_logs.measure(lambda line: None)
    assert report.figures["macro_f1"] == report.figures["evidence_recall"] == 1.0
    assert report.figures["ms_5mb"] > 0
    assert {"macro_f1", "ms_5mb"} <= set(report.peers["blind expressions"])
    assert report.peers["last 50"]["evidence_recall"] == 1.0


def test_ci_logs_without_the_logs_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOCKSTEP_CI_LOGS", raising=False)
    assert main(["ci_logs"]) == 2
    assert capsys.readouterr().err == "benchmarks: LOCKSTEP_CI_LOGS has to name a folder with bugswarm.jsonl.gz.\n"


@pytest.fixture
def conflicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three conflicts: one with text that is resolved, one that is left, one of which only the kinds of lines are known."""
    folder = tmp_path / "conflicts"
    folder.mkdir()
    said = [("a", "AUTHORS", "changelog", "text"), ("b", "notes.md", "other", "text"), ("c", "x.py", "other", "lines")]
    rows = "".join(f"{name},pallets/flask,{path},{tag},{form}\n" for name, path, tag, form in said)
    names = ("base", "ours", "theirs", "resolved")
    lists = ["A\nB\nY\nZ\n", "A\nB\nM\nY\nZ\n", "A\nB\nK\nY\nZ\n", "A\nB\nK \nM\nY\nZ\n"]
    text = [
        {"id": "a", "repo": "pallets/flask", "path": "AUTHORS", **dict(zip(names, lists, strict=True))},
        {"id": "b", "repo": "pallets/flask", "path": "notes.md", **dict(zip(names, "abcd", strict=True))},
    ]
    numbers: dict[str, object] = {"base": [0, 4], "ours": [0, 1, 2, 4], "theirs": [0, 1, 4], "resolved": [0, 2, 4]}
    kinds = ["code:0", "def:0", "code:4", "blank:0", "code:0"]
    lines: list[dict[str, object]] = [{"id": "c", "repo": "pallets/flask", "path": "x.py", "kinds": kinds, **numbers}]
    for name, data in (("text", text), ("lines", lines)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt") as file:
            file.writelines(f"{json.dumps(row)}\n" for row in data)
    with gzip.open(folder / "index.csv.gz", "wt") as file:
        file.write(f"id,repo,path,tag,form\n{rows}")
    monkeypatch.setenv("LOCKSTEP_CORPORA", str(tmp_path))
    return folder


def test_conflicts_are_counted_right_wrong_and_left(conflicts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conflicts", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    shares = {"resolved_share": 0.6667, "correct_share": 0.5, "wrong_share": 0.3333, "exact_share": 0.0}
    assert {name: report["figures"][name] for name in shares} == shares
    assert report["peers"]["git"]["resolved_share"] == 0
    assert report["peers"]["always ours"]["correct_share"] == 0
    assert (report["conditions"]["files"], report["conditions"]["as_full_text"]) == (3, 2)
    (conflicts / "lines.jsonl.gz").unlink()
    assert main(["conflicts"]) == 2
    assert "LOCKSTEP_CORPORA" in capsys.readouterr().err


async def test_the_trace_is_heard_by_the_handlers_as_they_are() -> None:
    """The engine's stand-in there has all that they ask for, and what it forgets is asked for again."""
    world = benchmarks._trace.World(1)
    policy, heard = benchmarks._policies.Ours(world), set[str]()
    for hook in islice(benchmarks._trace.Story(world).play(), 60):
        await policy.hear(hook)
        heard.add(hook.event)
        if hook.asks:
            said = await policy.read(hook)
    assert said.pull.number == hook.pull
    assert {"pull_request", "check_run", "check_suite", "pull_request_review", "push"} <= heard
    assert 0 < policy.wire.charged <= policy.wire.reached


def test_a_soak_says_what_holds_and_what_does_not() -> None:
    figures = dict.fromkeys(soak.LIMITS, 0)
    assert soak.verdict(figures)[-1] == "verdict: holds"
    *_, growth, end = soak.verdict(figures | {"rss_growth_mb_per_hour": 10.5})
    assert growth == "rss_growth_mb_per_hour: 10.5, at most 10: NO"
    assert end == "verdict: does not hold: rss_growth_mb_per_hour"
