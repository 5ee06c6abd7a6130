"""The way to a text's nodes. What reads YAML is loaded with the first text that is read: a bot that has nothing to do
goes without PyYAML.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from services.core.problems import Findings

if TYPE_CHECKING:
    from services.core.plan_yaml import Composer

Shift = Callable[[int, int], tuple[int, int]]
"""From line and column of the text, both from 0, to those that people are told."""


def of_file(line: int, column: int) -> tuple[int, int]:
    """The place in a text that is a file of its own."""
    return line + 1, column + 1


def composer(
    text: str, findings: Findings, place: Shift = of_file, of: Literal["plans", "settings"] = "plans"
) -> "Composer":
    """What reads this text. `place` turns its places into the document's; `of`: what the text holds."""
    from services.core.plan_yaml import Composer

    return Composer(text, findings, place, of)
