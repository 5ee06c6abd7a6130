"""The check runs Lockstep reports on a pull request: one file each, which registers itself here.

A check is pure: it turns a run and one of its tasks into a report, which mentions none of the `hidden` repositories.
The engine posts it.
"""

import sys
from collections.abc import Callable

from services.core.board import Run
from services.core.report import CheckReport
from services.core.task_state import TaskState
from services.registry import Registry

Check = Callable[[Run, TaskState, frozenset[str]], CheckReport]
CHECKS: Registry[Check] = Registry("check")


def load() -> None:
    """Import every check of this folder."""
    CHECKS.load(sys.modules[__name__])
