"""The label of a plan that is approved and not started yet; what a run of it is labelled with is the run's own.

It goes with the plan's comment: whatever changes that is looked at here too, also after a crash.
"""

from collections.abc import Collection

from services.core import names
from services.core.names import LABEL_READY
from services.core.shards import shard_of
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.store.plans import PlanRow


class Readiness:
    """Sets and takes off that one label; what was found last is remembered, so that nothing is asked for twice."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[str, bool] = {}

    def inherit(self, shards: Collection[int]) -> None:
        """Others have had these until now, and may have shown something else."""
        self._known = {plan: shown for plan, shown in self._known.items() if shard_of(plan) not in shards}

    async def show(self, plan: PlanRow, *, has_run: bool) -> None:
        """An issue that can't be labelled stays as it is: the comment says the same."""
        wanted = plan.is_approved and not has_run
        if self._known.get(plan.id) is wanted:
            return
        writes = self._parts.github.writes.ranked("plan")
        try:
            issue = await self._parts.github.reads.ranked("plan").issue(plan.repo, plan.number)
            if wanted and LABEL_READY not in issue.labels:
                await writes.ensure_label(plan.repo, LABEL_READY, *names.LABELS[LABEL_READY])
                await writes.add_labels(plan.repo, plan.number, (LABEL_READY,))
            elif not wanted and LABEL_READY in issue.labels:
                await writes.remove_label(plan.repo, plan.number, LABEL_READY)
        except (NotFound, Refused):
            return
        self._known[plan.id] = wanted
