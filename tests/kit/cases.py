"""Failures of tasks as strategies are asked about them."""

from services.core.failures import FailureClass
from services.core.recovery import Case, Move, way
from services.core.repairs import Failure, Repair
from services.core.strategies import Rules, Strategy
from services.core.task_state import TaskState

HEAD = "a" * 40
NONE = Rules()


def asked(
    strategy: Strategy,
    cls: FailureClass = "test_failure",
    *,
    agent: str = "script",
    check: str = "test",
    jobs: bool = True,
    head: str = HEAD,
    rules: Rules = NONE,
    repairs: tuple[Repair, ...] = (),
) -> Move:
    """What this strategy would do about a failed check, or with check="" about an attempt that failed."""
    state = TaskState(
        id="a", state="in_review" if check else "running", head_sha=head, heads=(HEAD,), attempt=1, repairs=repairs
    )
    failure = Failure(check=check, id="9", cls=cls, jobs=jobs and bool(check))
    return way(strategy).move(Case(task=state, agent=agent, failure=failure, rules=rules))
