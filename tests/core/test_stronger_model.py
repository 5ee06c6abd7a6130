"""A stronger model: as long as there is one."""

from services.core.repairs import Repair
from services.core.strategies import Rules
from tests.kit.cases import asked


def test_each_is_tried_once_and_then_there_is_none() -> None:
    def repair(n: int, *, past: bool = False) -> Repair:
        return Repair(
            n=n, strategy="stronger_model", cls="build", sha="b" * 40, attempt=n, about=(), checks=(), past=past
        )

    two = Rules(stronger=2)
    assert asked("stronger_model", agent="coder") == ""
    assert asked("stronger_model", agent="coder", rules=two) == "attempt"
    assert asked("stronger_model", agent="coder", rules=two, repairs=(repair(1), repair(2))) == ""
    assert asked("stronger_model", agent="coder", rules=two, repairs=(repair(1, past=True), repair(2))) == "attempt"
    assert asked("stronger_model", rules=two) == ""
