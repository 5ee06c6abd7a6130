"""The runner of the benchmarks: one JSON object in the last line, and exit statuses that scripts can rely on."""

import json
import sys

import pytest

import benchmarks.demo
from benchmarks import MissingData, Report, Say, WentWrong
from benchmarks.__main__ import main, names


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
