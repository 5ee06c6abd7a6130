"""The table of patterns: what each tool prints is known, every pattern can be found, and none names a project."""

import pytest

from services.core.classify import diagnose
from services.core.failure_patterns import KnownFailure, Matcher, own_patterns, words_of
from services.core.failure_table import BY_TOOL, PATTERNS
from services.core.failures import CLASSES, FailureClass
from services.core.log_lines import read_log
from tests.core.logs import EXCERPTS, SAID


@pytest.mark.parametrize("name", EXCERPTS)
def test_what_tools_print_is_known(name: str) -> None:
    expected, text = EXCERPTS[name]
    assert diagnose(read_log(text.encode())).cls == expected


@pytest.mark.parametrize("name", EXCERPTS)
def test_and_in_a_log_of_github_actions(name: str) -> None:
    expected, text = EXCERPTS[name]
    before = ["##[group]Run make lint", "All checks passed!", "##[endgroup]", "##[group]Run make check"]
    lines = [*before, *text.strip().splitlines(), "##[error]Process completed with exit code 1.", "Post job cleanup."]
    stamped = "\n".join(f"2026-03-02T09:00:01.1234567Z {line}" for line in lines)
    found = diagnose(read_log(stamped.encode()))
    assert found.cls == expected
    assert not any("2026-03-02T09" in shown.text for shown in found.evidence)


def test_what_tools_say_in_one_line_is_known() -> None:
    """In the step that failed, with a line of a step before that only looks like an error."""
    before = "##[group]Run pip install x\nWARNING: Retrying (Retry(total=4)): ReadTimeoutError('Read timed out.')"
    for said in SAID.strip().splitlines():
        expected, line = said.split(" ", 1)
        log = (
            f"{before}\n##[group]Run ./x\nerror: 1\n##[endgroup]\n{line}\n##[error]Process completed with exit code 1."
        )
        assert (diagnose(read_log(log.encode())).cls, line) == (expected, line)


def test_every_class_of_a_pattern_is_one() -> None:
    assert {pattern.cls for pattern in PATTERNS} <= set(CLASSES)
    assert all(1 <= pattern.weight <= 14 for pattern in PATTERNS)


def test_a_pattern_stands_once() -> None:
    texts = [pattern.text for pattern in PATTERNS]
    assert sorted(texts) == sorted(set(texts))
    assert {pattern.tool for pattern in PATTERNS} == set(BY_TOOL)


def test_every_pattern_is_filed_under_a_word() -> None:
    """One that is not is compared with every line of every log."""
    assert [pattern.text for pattern in PATTERNS if not pattern.key()] == []


def test_every_pattern_finds_the_line_it_describes() -> None:
    matcher = Matcher(PATTERNS)
    for pattern in PATTERNS:
        line = pattern.text.lstrip("^").replace("*", " x ").replace("#", "7") if "#" in pattern.text else ""
        line = line or pattern.text.lstrip("^").replace("*", " x ")
        low = line.lower()
        assert pattern in matcher.find(low, words_of(low)), pattern.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Everything is fine\nRan 12 tests in 0.2s\n\nOK\n",
        "===== 12 passed in 0.20s =====\n",
        "Tests run: 12, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS\n",
        "0 errors, 0 warnings\nFound 0 errors\n40 files inspected, no offenses detected\n",
        "test result: ok. 52 passed; 0 failed; 0 ignored\n",
        "Tests:       53 passed, 53 total\n",
        "Passed!  - Failed:     0, Passed:    53, Skipped:     0, Total:    53\n",
    ],
)
def test_a_log_without_a_failure_is_unknown(text: str) -> None:
    found = diagnose(read_log(text.encode()))
    assert (found.cls, found.confidence) == ("unknown", 0.0)


SUREFIRE = """\
java.lang.OutOfMemoryError: Java heap space handled by the fallback
[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE! - in shop.CartTest
[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0
"""
MIRROR = """\
%sReceived status code 503 from server: Service Unavailable, trying next
CartTest > total() FAILED
    java.lang.AssertionError at CartTest.java:12
3 tests completed, 1 failed
"""
MOCHA = """\
  5 passing (12ms)
  1 failing
     AssertionError [ERR_ASSERTION]: expected 'x' to equal 'compared with the base branch'
"""


@pytest.mark.parametrize(
    "text", [SUREFIRE, MIRROR % "", MIRROR % "> Could not GET 'https://example.org/x.pom'. ", MOCHA]
)
def test_what_a_test_prints_does_not_outweigh_that_tests_failed(text: str) -> None:
    assert diagnose(read_log(text.encode())).cls == "test_failure"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', "out_of_resources"),
        ("   > Could not GET 'https://example.org/x.pom'. Received status code 503 from server: x", "transient_api"),
        ("  Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError'", "runner"),
    ],
)
def test_a_tools_own_line_of_a_cause_does(line: str, expected: FailureClass) -> None:
    text = f"{line}\nFAILURE: Build failed.\nThere were failing tests.\n"
    assert diagnose(read_log(text.encode())).cls == expected


CALM = """
This branch is up to date with the base branch
nothing to commit, working tree clean
running job (sa1000)
  ✓ rejects too many requests (3 ms)
  ✓ access denied
ok 3 - unbound variable is told
PASS access denied
CartTest > out of memory() PASSED
Comparing coverage with the base branch
handles out of memory gracefully ... ok
date not formatted is fine
# issues: 0
checking unbound variable ... ok
Fetching branch protection for main
[INFO] Killed 52 of 60 mutants
[3/60] killed
[worker] killed
login failed as expected, ignoring
"""


def test_what_is_said_where_nothing_failed_is_no_cause() -> None:
    """Alone, and before a failure that no pattern knows."""
    for line in CALM.strip("\n").splitlines():
        failed = f"##[group]Run ./x\n##[endgroup]\n{line}\nwidget 3\n##[error]Process completed with exit code 1.\n"
        told = {diagnose(read_log(text.encode())).cls for text in (f"{line}\nDone.\n", failed)}
        assert (told, line) == ({"unknown"}, line)


@pytest.mark.parametrize(
    ("cls", "text"),
    [
        ("test_failure", "TAP version 14\nnot ok 3 - writes\nprettier made no changes\n# failed 1 of 3 tests\n"),
        ("test_failure", "  1) rejects when over budget\n\n  4 passing\n  1 failing\n"),
        ("unknown", "build.sh: line 7: unexpected EOF while looking for matching `\"'\n"),
    ],
)
def test_words_that_belong_to_something_else_decide_nothing(cls: str, text: str) -> None:
    assert diagnose(read_log(text.encode())).cls == cls


def test_no_line_of_a_passed_test_hides_the_next() -> None:
    """Not even one that stands there twice, and what a repository says of its own lines is always heard."""
    line = "  ✓ access denied"
    own = own_patterns([KnownFailure(text="✓ access denied", cls="policy")])
    assert diagnose(read_log(f"{line}\n{line}\naccess denied\n".encode())).cls == "permission"
    assert diagnose(read_log(b"# 2 failed, 1 passed\n1 failed, 3 passed")).cls == "test_failure"
    assert diagnose(read_log(f"{line}\n{line}\n".encode()), own=own).cls == "policy"


def test_the_tables_cover_what_a_log_can_tell() -> None:
    never: set[FailureClass] = {"broken_base", "unknown"}
    assert {pattern.cls for pattern in PATTERNS} == set(CLASSES) - never
