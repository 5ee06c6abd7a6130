"""plan_values: one reader after another, what it takes and what it says otherwise."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.plan_values import (
    MAX_TEXT,
    MAX_TIMEOUT,
    Reader,
    Value,
    is_id,
    read_budget,
    read_command,
    read_flag,
    read_group,
    read_id,
    read_name,
    read_number,
    read_path,
    read_prose,
    read_timeout,
    read_title,
    read_workflow,
)
from services.core.problems import Findings, Spot


def value(reader: Reader, text: str) -> tuple[Value | None, list[str]]:
    findings = Findings()
    read = reader(Spot(text, 1, 1), findings, "key")
    return read, [problem.kind for problem in findings.listed()]


@pytest.mark.parametrize("text", ["a", "A1", "a.b_c-d", "0", "v1.2", "x" * 64, "lock", "no"])
def test_ids(text: str) -> None:
    assert value(read_id, text) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-a",
        ".a",
        "a b",
        "a/b",
        "../x",
        "a..b",
        "a.",
        "a.lock",
        "a.LOCK",
        "ä",
        "\u0430",
        "a\n",
        "a\u200b",
        "x" * 65,
        "--end",
        "$(x)",
    ],
)
def test_not_ids(text: str) -> None:
    assert value(read_id, text) == (None, ["bad_id"])
    assert not is_id(text)


@given(st.text())
def test_an_example_in_a_message_is_an_id(text: str) -> None:
    findings = Findings()
    read_id(Spot(text), findings)
    for problem in findings.listed():
        example = re.search(r"For example `(.*)`", problem.message)
        assert example is None or is_id(example[1])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("25", 1500),
        ("1.5", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1H30M", 5400),
        ("0.001", 1),
        ("1e2", 6000),
        (" 5 ", 300),
    ],
)
def test_timeouts(text: str, seconds: int) -> None:
    assert value(read_timeout, text) == (seconds, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-5",
        "soon",
        "30s",
        "1d",
        "1:30",
        "h",
        "30m1h",
        "1h 30m",
        "inf",
        ".inf",
        "nan",
        "1e999",
        "0x10",
        "1_0",
        "٣",
        f"{MAX_TIMEOUT + 1}",
        "9" * 9 + "h",
    ],
)
def test_not_timeouts(text: str) -> None:
    assert value(read_timeout, text) == (None, ["bad_value"])


@pytest.mark.parametrize(
    ("text", "number"), [("10", 10), ("-2.5", -2.5), ("+1", 1), (".5", 0.5), ("1e3", 1000), ("-0", 0)]
)
def test_priorities(text: str, number: float) -> None:
    read, problems = value(read_number, text)
    assert isinstance(read, float)
    assert (read, problems) == (number, [])
    assert math.copysign(1, read) == (1 if number >= 0 else -1)


@pytest.mark.parametrize("text", ["", "high", ".inf", "-.inf", ".nan", "1e400", "1,5", "0b1", "true", "1" * 50])
def test_not_priorities(text: str) -> None:
    assert value(read_number, text) == (None, ["bad_value"])


@pytest.mark.parametrize(
    ("text", "money"), [("5", "5"), ("5.00", "5"), ("$0.50", "0.5"), ("100 USD", "100"), ("2$", "2"), ("0", "0")]
)
def test_budgets(text: str, money: str) -> None:
    assert value(read_budget, text) == (money, [])


@pytest.mark.parametrize("text", ["", "-1", "lots", "1e3", "5 EUR", "1.2345678", "9" * 20, "inf"])
def test_not_budgets(text: str) -> None:
    assert value(read_budget, text) == (None, ["bad_value"])


def test_flags_and_names() -> None:
    assert value(read_flag, "true") == (True, [])
    assert value(read_flag, "false") == (False, [])
    assert value(read_flag, "yes") == (None, ["bad_value"])
    name = read_name(re.compile("[a-z]+"))
    assert value(name, " coder ") == ("coder", [])
    assert value(name, "two words") == (None, ["bad_value"])
    assert value(read_group, " phase  1 ") == ("phase 1", [])
    assert value(read_group, "x" * 65) == (None, ["bad_value"])
    assert value(read_group, " ") == (None, ["bad_value"])


@pytest.mark.parametrize("text", ["../x.yml", "a/b.yml", ".hidden.yml", "x\n.yml", "x.sh", "x" * 97 + ".yml", ""])
def test_a_workflow_is_the_bare_name_of_a_file(text: str) -> None:
    assert value(read_workflow, " agent.yml ") == ("agent.yml", [])
    findings = Findings()
    assert read_workflow(Spot(text, 1, 1), findings, "workflow") is None
    (problem,) = findings.listed()
    assert problem.message.endswith("; name a file of `.github/workflows`, such as `agent.yml`.")


def test_titles() -> None:
    assert value(read_title, " a \t b ") == ("a b", [])
    assert value(read_title, "a\u202eb") == ("ab", ["hidden_characters"])
    assert value(read_title, "x" * 256) == ("x" * 256, [])
    assert value(read_title, "x" * 257) == (None, ["title_too_long"])
    assert value(read_title, "\u200b") == (None, ["missing_field"])


def test_sec_46_commands_with_invisible_characters_are_refused_and_prose_is_cleaned() -> None:
    assert value(read_command, "make\n\tcheck\n") == ("make\n\tcheck", [])
    assert value(read_command, "make \u202echeck") == (None, ["bad_value"])
    assert value(read_command, "make\rcheck") == (None, ["bad_value"])
    assert value(read_prose, "make \u202echeck") == ("make check", ["hidden_characters"])
    for reader in (read_command, read_prose):
        assert value(reader, "x" * (MAX_TEXT + 1)) == (None, ["bad_value"])


def test_paths() -> None:
    assert value(read_path, "./docs/") == ("docs/**", [])
    assert value(read_path, "../x") == (None, ["bad_path"])
    assert value(read_path, "") == (None, ["bad_path"])
