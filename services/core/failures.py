"""The classes of failures: what can be the matter when a pull request or an attempt does not get on.

One table is the source of the words: `diagnose`, the reference, a repository's own `failures:` and the strategies of
`strategies.py` know no others.
"""

from typing import Literal

import msgspec

FailureClass = Literal[
    "transient_api", "rate_limited", "permission", "merge_conflict", "stale_base", "test_failure", "flaky_test",
    "broken_base", "lint", "build", "documentation", "license", "missing_dependency", "configuration", "timeout",
    "out_of_resources", "runner", "agent_failed", "agent_empty", "budget", "policy", "unknown",
]  # fmt: skip

CLASSES: dict[FailureClass, str] = {
    "transient_api": "A service answered with an error of its own, or not at all; the same call may work in a moment.",
    "rate_limited": "A service asks to be called less often.",
    "permission": "A credential is missing or refused, or its rights don't reach.",
    "merge_conflict": "Two changes of the same lines; git could not merge them.",
    "stale_base": "The branch lacks commits of its base, or what was decided on has moved since.",
    "test_failure": "Tests ran, and some of them failed.",
    "flaky_test": "Tests failed, and passed on the same commit; told by history, by a log only if it ran them again.",
    "broken_base": "The base branch fails in the same way; needs its state, never told from one log.",
    "lint": "A linter or formatter found something.",
    "build": "Code does not compile, a type check fails, or a build step can't make its result.",
    "documentation": "The documentation can't be built.",
    "license": "Licence headers or licences of dependencies are not as the project demands.",
    "missing_dependency": "A package, plugin or image that is needed could not be found or does not fit the others.",
    "configuration": "A build, workflow or tool is set up wrongly: a file can't be read, an option or path is unknown.",
    "timeout": "Something took longer than it may.",
    "out_of_resources": "Memory or disk was used up.",
    "runner": "The machine or its network failed: lost connection, name not resolved, clone refused, shut down.",
    "agent_failed": "The agent itself came to no result.",
    "agent_empty": "The agent ended without an error and changed nothing.",
    "budget": "The money or tokens that were allowed are spent.",
    "policy": "Reviews, protection or rules of the repository stand in the way.",
    "unknown": "Nothing that is known was found.",
}

OF_THE_MACHINE: frozenset[FailureClass] = frozenset({"transient_api", "rate_limited", "runner", "timeout"})
"""Classes that a machine, a network or a service is to blame for."""
PASSING: frozenset[FailureClass] = frozenset({"transient_api", "rate_limited", "runner"})
"""Classes that pass by themselves, if not at once: to fail in the same way again says nothing against waiting."""
MOST_EVIDENCE = 60
"""Lines of evidence of one failure."""


class Shown(msgspec.Struct, frozen=True):
    """One line of a log: its number, from 1, and its text without colours and time stamps."""

    line: int
    text: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What is the matter.

    confidence: 0 to 1. signature: the same for the same failure elsewhere and later. evidence: in the order of the log.
    strategy: what to try first. pattern: what decided, for people who wonder.
    """

    cls: FailureClass = msgspec.field(name="class", default="unknown")
    confidence: float = 0.0
    signature: str = ""
    evidence: tuple[Shown, ...] = ()
    strategy: str = "manual"
