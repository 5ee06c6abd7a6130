"""A person: nothing that a machine could do."""

import pytest

from tests.kit.cases import asked


@pytest.mark.parametrize("agent", ["script", "coder"])
def test_there_is_nothing_to_do_for_a_machine(agent: str) -> None:
    assert asked("manual", agent=agent) == ""
