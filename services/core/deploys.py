"""Deploying what has merged, where the owner's set of repositories says so: an event for whoever listens there.

It is decided together with the merge, so it is sent once for each. Of a group nothing is deployed before all of it has
merged, and what is taken back is not.
"""

from typing import TYPE_CHECKING

from services.core import groups
from services.core.actions import action

if TYPE_CHECKING:
    from services.core.conduct import Work

EVENT_TYPE = "lockstep-deploy"
"""Of `repository_dispatch`."""


def settle(work: "Work") -> None:
    """Have deployed what this decision found merged."""
    plan = work.run.plan
    if not plan.deploys:
        return
    whole = [name for name, barrier in work.settled.items() if barrier.phase == "merged"]
    touched = dict.fromkeys((*work.moved, *(each for name in whole for each in plan.groups[name])))
    for task in map(work.of, touched):
        if groups.has_merged(task) and not task.revert and plan.by_id[task.id].repo in plan.deploys:
            name = groups.name_of(work.run, task.id)
            if not name or groups.barrier_of(work.standing, name).phase == "merged":
                work.act(action(work.run, task, "deploy", sha=task.merge_sha))
