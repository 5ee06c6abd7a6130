"""The words for failures: one table, and what a diagnosis looks like to a program."""

from typing import get_args

import msgspec

from services.core.failures import CLASSES, Diagnosis, FailureClass, Shown


def test_every_class_is_explained() -> None:
    assert tuple(CLASSES) == get_args(FailureClass)
    assert all(meaning[0].isupper() and meaning.endswith(".") for meaning in CLASSES.values())


def test_what_programs_read() -> None:
    found = Diagnosis(cls="lint", confidence=0.5, signature="lint: x", evidence=(Shown(3, "x"),), strategy="fix_format")
    assert msgspec.json.decode(msgspec.json.encode(found)) == {
        "class": "lint",
        "confidence": 0.5,
        "signature": "lint: x",
        "evidence": [{"line": 3, "text": "x"}],
        "strategy": "fix_format",
    }
