"""What is known of a failure besides a log: an answer of GitHub's, a check's conclusion, the branches, the attempt.

Some classes can't be told from a log: that the base fails too, that the same commit has passed, that the agent changed
nothing. They are facts, and go first.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from services.core.failure_patterns import Matcher, Pattern, words_of
from services.core.failure_table_git import GIT
from services.core.failures import FailureClass

CERTAIN, LIKELY = 0.95, 0.7
IN_LOG: frozenset[FailureClass] = frozenset(
    {"test_failure", "build", "lint", "documentation", "license", "missing_dependency", "configuration", "unknown"}
)
"""Classes of which the base branch may be the cause."""
MAYBE_FLAKY: frozenset[FailureClass] = frozenset({"test_failure", "timeout", "unknown"})
_SAID = Matcher(Pattern(cls, weight, text, "github") for cls, weight, text in GIT)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How an API answered. status 0: not at all. headers: names in small letters."""

    status: int
    headers: Mapping[str, str] = {}
    body: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """annotations: what a check says about lines. base_fails: the base branch fails the same check. passed_before: the
    same commit has passed it. attempt: how the agent's work ended, when that is what failed.
    """

    answer: Answer | None = None
    conclusion: str = ""
    annotations: tuple[str, ...] = ()
    behind: bool = False
    conflicting: bool = False
    base_fails: bool = False
    passed_before: bool = False
    attempt: Literal["", "failed", "empty", "timeout", "budget"] = ""


BY_STATUS: Mapping[int, FailureClass] = {
    0: "transient_api",
    401: "permission",
    403: "permission",
    404: "permission",
    405: "policy",
    408: "transient_api",
    409: "stale_base",
    410: "configuration",
    422: "configuration",
    423: "policy",
    425: "transient_api",
    429: "rate_limited",
    451: "policy",
}
"""What a status means when its text says nothing more."""
BY_CONCLUSION: Mapping[str, FailureClass] = {
    "timed_out": "timeout",
    "action_required": "policy",
    "startup_failure": "configuration",
    "stale": "runner",
}
BY_ATTEMPT: Mapping[str, FailureClass] = {
    "failed": "agent_failed",
    "empty": "agent_empty",
    "timeout": "timeout",
    "budget": "budget",
}


def of_answer(answer: Answer) -> FailureClass:
    """What an answer of GitHub's means: its headers first, then its words, then its status."""
    if 0 < answer.status < 400:
        return "unknown"
    limited = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    if answer.status in {403, 429} and limited:
        return "rate_limited"
    low = answer.body[:4_000].lower()
    said = max(_SAID.find(low, words_of(low)), key=lambda pattern: pattern.weight, default=None)
    if said is not None:
        return said.cls
    return BY_STATUS.get(answer.status, "transient_api" if answer.status >= 500 else "unknown")


def judged(facts: Facts, cls: FailureClass, confidence: float) -> tuple[FailureClass, float]:
    """The class when the log's is `cls`, and how sure that is."""
    if facts.attempt:
        return BY_ATTEMPT[facts.attempt], CERTAIN
    if facts.answer is not None and (found := of_answer(facts.answer)) != "unknown":
        return found, CERTAIN if found != BY_STATUS.get(facts.answer.status) else LIKELY
    if facts.conflicting:
        return "merge_conflict", CERTAIN
    if facts.base_fails and cls in IN_LOG:
        return "broken_base", CERTAIN
    if facts.passed_before and cls in MAYBE_FLAKY:
        return "flaky_test", CERTAIN
    if cls != "unknown":
        return cls, confidence
    if facts.conclusion in BY_CONCLUSION:
        return BY_CONCLUSION[facts.conclusion], LIKELY
    return ("stale_base", LIKELY) if facts.behind else (cls, confidence)
