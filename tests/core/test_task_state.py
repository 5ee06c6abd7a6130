"""What a task says of itself."""

from services.core.machine import step
from services.core.task_state import Happening, TaskState
from tests.kit.plans import NOW


def test_a_persons_pull_request_is_theirs_and_goes_with_its_end() -> None:
    free = TaskState(id="a", state="ready", issue=3, fence=1)
    taken = step(free, Happening(kind="attached", number=9, sha="b" * 40, name="bea", actor="bea", text="hers"), NOW)
    assert taken is not None
    assert (taken.state, taken.pull, taken.assignee, taken.fence) == ("needs_human", 9, "bea", 2)
    assert step(taken, Happening(kind="attached", number=10, sha="c" * 40, name="cy"), NOW) is None
    assert step(taken, Happening(kind="recreated", actor="ana"), NOW) is None
    given_up = step(taken, Happening(kind="closed", text="closed"), NOW)
    assert given_up is not None
    assert (given_up.state, given_up.pull, given_up.assignee) == ("needs_human", 0, "bea")
