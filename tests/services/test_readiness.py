"""services/engine/readiness.py: the label of a plan that is approved and not started yet."""

from dataclasses import dataclass, field
from typing import Any, cast

from services.core.names import LABEL_READY
from services.core.plan import Parsed
from services.core.shards import shard_of
from services.engine.readiness import Readiness
from services.store.plans import PlanRow
from tests.kit.oneself import Oneself


@dataclass
class GitHub(Oneself):
    """One issue, and how often it was read."""

    labels: list[str] = field(default_factory=list)
    looks: int = 0

    @property
    def github(self) -> "GitHub":
        return self

    async def issue(self, repo: str, number: int) -> "GitHub":
        self.looks += 1
        return self

    async def ensure_label(self, *_: str) -> None:
        return

    async def add_labels(self, repo: str, number: int, names: tuple[str, ...]) -> None:
        self.labels += names

    async def remove_label(self, repo: str, number: int, name: str) -> None:
        self.labels.remove(name)


PLAN = PlanRow(
    id="acme/p#1", repo="acme/p", number=1, title="p", hash="h", parsed=Parsed(plan=None), author="ana", issue_id="1"
)  # fmt: skip


async def test_what_others_have_shown_since_is_looked_for() -> None:
    github = GitHub()
    readiness = Readiness(cast("Any", github))
    for _ in range(2):
        await readiness.show(PLAN, has_run=False)
    assert github.looks == 1
    github.labels = [LABEL_READY]  # another process has, when it was approved
    readiness.inherit({shard_of("acme") ^ 1})
    await readiness.show(PLAN, has_run=False)
    assert github.labels == [LABEL_READY]
    readiness.inherit({shard_of("acme")})
    await readiness.show(PLAN, has_run=False)
    assert github.labels == []
