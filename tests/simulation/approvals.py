"""Who approved which text: what people could see when they said so, held against what the bot took it for."""

from typing import TYPE_CHECKING

from services.core.parse import parse
from services.core.plan import Plan

if TYPE_CHECKING:
    from tests.simulation.world import World


class Approvals:
    """Texts of the plan issue as they were written, and the comments that approve."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._texts: dict[str, Plan | None] = {}  # by plan, as it stands there
        self._asked: list[tuple[str, str]] = []  # who, and the hash of the text that stood there
        self.hashes: set[str] = set()  # approved so far

    def written(self, plan_id: str, title: str, body: str) -> None:
        """The plan's text is this from now on."""
        hub = self._world.hub
        names = [place.repo.full_name for place in hub.places]
        plan = parse(body, home=hub.home.full_name, installed=names, form="issue").plan
        if plan is not None and not plan.title:
            plan = Plan(title=title, tasks=plan.tasks)
        self._texts[plan_id] = plan

    def asked(self, plan_id: str, who: str, text: str) -> None:
        """Somebody wrote a comment."""
        if "/lockstep approve" in text:
            plan = self._texts[plan_id]
            self._asked.append((who, plan.hash if plan is not None else ""))

    def approved(self, plan_id: str, digest: str, actor: str) -> list[str]:
        """The bot took a text for approved."""
        self.hashes.add(digest)
        if actor != "ana":
            return [f"{actor}, who may not approve, approved {plan_id}"]
        if (actor, digest) not in self._asked:
            return [f"{actor} never approved the text {digest[:8]} while it stood there"]
        return []

    def started(self, digest: str) -> list[str]:
        return [] if digest in self.hashes else [f"a run of the text {digest[:8]} was started, which nobody approved"]
