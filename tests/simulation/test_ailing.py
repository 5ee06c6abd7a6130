"""What ails recovers or comes to a person, a dozen of it; `python -m benchmarks recovery` has hundreds."""

import pytest

from tests.simulation.ailing import AILMENTS, Ailment, suffers

SAMPLE = (
    "flaky test", "runner, twice", "broken test", "lint", "conflict", "stale base", "broken base", "agent failed", "lost webhooks",
    "process killed", "broken test, script", "build, for good", "a service is gone",
)  # fmt: skip


@pytest.mark.parametrize("ailment", [each for each in AILMENTS if each.name in SAMPLE], ids=lambda each: each.name)
def test_it_is_merged_without_a_person_or_handed_over(ailment: Ailment) -> None:
    fate = suffers(7, ailment)
    assert (fate.end, fate.wrong, fate.endless) == ("merged" if ailment.recovers else "handed", (), False)


def test_without_repairs_a_flaky_test_is_a_persons() -> None:
    assert suffers(7, AILMENTS[0], "nothing").end == "handed"


def test_the_weights_are_of_a_hundred() -> None:
    assert sum(ailment.weight for ailment in AILMENTS) == 100
    assert set(SAMPLE) <= {ailment.name for ailment in AILMENTS}
