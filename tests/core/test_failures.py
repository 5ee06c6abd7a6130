"""The words for failures: one table, and what a diagnosis looks like to a program."""

from typing import get_args

import msgspec
from inline_snapshot import snapshot

from services.core.failures import CLASSES, Diagnosis, FailureClass, Shown


def test_every_class_is_explained() -> None:
    assert tuple(CLASSES) == get_args(FailureClass)
    assert all(meaning[0].isupper() and meaning.endswith(".") for meaning in CLASSES.values())
    assert dict(CLASSES) == snapshot(
        {
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
    )


def test_what_programs_read() -> None:
    found = Diagnosis(cls="lint", confidence=0.5, signature="lint: x", evidence=(Shown(3, "x"),), strategy="fix_format")
    assert msgspec.json.decode(msgspec.json.encode(found)) == {
        "class": "lint",
        "confidence": 0.5,
        "signature": "lint: x",
        "evidence": [{"line": 3, "text": "x"}],
        "strategy": "fix_format",
    }
