"""From a log and facts to a diagnosis: the step that failed decides, anything is survived, names stay."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.classify import diagnose, heard, totals
from services.core.failure_facts import Facts
from services.core.failure_patterns import KnownFailure, own_patterns
from services.core.failures import CLASSES, MOST_EVIDENCE
from services.core.log_lines import Line, read_log
from services.core.strategies import POLICY
from tests.core.logs import EXCERPTS


def test_a_step_that_passed_explains_nothing() -> None:
    text = """$ pytest
E   AssertionError: this one is expected to fail
===== 1 failed, 3 passed in 0.12s =====
The command "pytest || true" exited with 0.
$ flake8
./cart.py:65:5: E303 too many blank lines (2)
The command "flake8" exited with 1.
"""
    found = diagnose(read_log(text.encode()))
    assert found.cls == "lint"
    assert found.strategy == POLICY["lint"][0].strategy
    assert 6 in {shown.line for shown in found.evidence}


def test_what_failed_outside_of_the_marked_step_is_told_with_less_confidence() -> None:
    said = "./cart.py:65:5: E303 too many blank lines (2)"
    inside = diagnose(read_log(f'{said}\nThe command "make" exited with 1.\n'.encode()))
    outside = diagnose(read_log(f'{said}\nThe command "a" exited with 0.\nThe command "b" exited with 1.\n'.encode()))
    assert outside.cls == inside.cls == "lint"
    assert outside.confidence < inside.confidence


LONG_JOB = """\
##[group]Run npm ci
npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory.
3 moderate severity vulnerabilities
##[group]Run npm test
console.error
    Error: connect ECONNREFUSED 127.0.0.1:5432 (this is what the test expects)
Tests:       53 passed, 53 total
##[group]Run npx tsc --noEmit
src/cart.ts(12,9): error TS2322: Type 'string' is not assignable to type 'number'.
##[error]Process completed with exit code 2.
##[group]Run docker compose logs
db  | FATAL:  role "shop" does not exist
db  | error: no space left on device, says a test
Post job cleanup.
"""


def test_of_a_long_job_the_failed_step_is_told() -> None:
    found = diagnose(read_log(LONG_JOB.encode()), brief=3)
    assert found.cls == "build"
    assert found.confidence > 0.6
    assert {8, 9} - {shown.line for shown in found.evidence} == {8}


def test_what_no_pattern_knows_is_told_apart_by_what_was_said() -> None:
    def told(said: str) -> str:
        lines = [
            "##[group]Run ./x",
            "env:",
            "  ERRORS: fail",
            "##[endgroup]",
            said,
            "##[error]Process completed with exit code 9.",
        ]
        return diagnose(read_log("\n".join([*lines, "Post job cleanup.", "https://example.org"]).encode())).signature

    assert told("widget error") == "unknown: widget error"
    assert told("step 3") == told("step 4") == "unknown: step # | ##[error]process completed with exit code #."
    assert told("step 3") != told("bend 3")


def test_two_causes_are_less_certain_than_one() -> None:
    tests, lint = EXCERPTS["unittest"][1], EXCERPTS["rubocop"][1]
    one, both = diagnose(read_log(tests.encode())), diagnose(read_log((tests + lint).encode()))
    assert 0.0 < both.confidence < one.confidence <= 0.99


def test_own_patterns_go_first() -> None:
    own = own_patterns([KnownFailure(text="quota of * is used up", cls="out_of_resources")])
    text = EXCERPTS["maven compile"][1] + "Quota of builders is used up\n"
    assert diagnose(read_log(text.encode())).cls == "build"
    found = diagnose(read_log(text.encode()), own=own)
    assert found.cls == "out_of_resources"
    assert found.signature == "out_of_resources: quota of builders is used up"


def test_annotations_stand_for_a_log_that_is_not_there() -> None:
    found = diagnose(facts=Facts(annotations=("cart.ts(12,9): error TS2322: Type 'string'",)))
    assert (found.cls, found.evidence[0].line) == ("build", 1)


def test_facts_without_a_log() -> None:
    found = diagnose(facts=Facts(attempt="empty"))
    assert (found.cls, found.evidence, found.strategy) == ("agent_empty", (), "retry")


def test_further_signs_add_a_little() -> None:
    lines = [Line(1, "error TS2322: no"), Line(2, "cannot find symbol")]
    voices, looks = heard(lines, [1.0, 1.0])
    assert len(looks) == 2
    assert 7.0 < totals(voices)["build"] < 10.0


def test_no_line_ends_no_failure_and_no_line_at_all() -> None:
    assert diagnose(read_log(b"")).cls == "unknown"
    assert diagnose(read_log(b"error")).evidence[0].text == "error"


@given(st.binary(max_size=2_000))
def test_anything_is_survived(data: bytes) -> None:
    found = diagnose(read_log(data))
    assert found.cls in CLASSES
    assert 0.0 <= found.confidence <= 0.99
    assert len(found.evidence) <= MOST_EVIDENCE
    assert all(0 < shown.line <= read_log(data).count for shown in found.evidence)


PARTS = st.sampled_from([line for _, text in EXCERPTS.values() for line in text.splitlines()])


@given(st.lists(PARTS, max_size=60), st.sampled_from(["\n", "\r\n"]))
def test_any_mixture_of_real_lines_is_survived(lines: list[str], end: str) -> None:
    found = diagnose(read_log(end.join(lines).encode()))
    assert (found.cls == "unknown") == (found.confidence == 0.0)
    assert found.signature.startswith(found.cls)


@pytest.mark.parametrize("name", EXCERPTS)
def test_the_signature_stays_when_times_and_places_change(name: str) -> None:
    text = EXCERPTS[name][1]
    moved = text.replace("/build/", "/opt/elsewhere/w/").replace("0.41s", "12.07s").replace("0.212s", "1.9s")
    stamped = "\n".join(f"2026-03-02T09:00:{n % 60:02}.1234567Z {line}" for n, line in enumerate(moved.split("\n")))
    coloured = re.sub(r"(?i)(error|failed)", "\x1b[31m\\1\x1b[0m", text)
    signature = diagnose(read_log(text.encode())).signature
    assert diagnose(read_log(moved.encode())).signature == signature
    assert diagnose(read_log(stamped.encode())).signature == signature
    assert diagnose(read_log(coloured.encode())).signature == signature
    assert diagnose(read_log(text.replace("\n", "\r\n").encode())).signature == signature
