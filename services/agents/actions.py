"""The agent `actions`: a workflow of the repository's own does the work, on GitHub's runners.

The engine starts it and waits for it (services/engine/dispatched.py). What it left on its branch lies in the files
before this is asked, so nothing is left to be done in the box.
"""

from services.agents import AGENTS, Agent, Outcome, Work
from services.agents.box import Box
from services.core.elsewhere import ACTIONS
from services.core.messages import reasons


class Elsewhere:
    """Content with what was made elsewhere."""

    def __init__(self, asked_with: str = "") -> None:
        self.asked_with = asked_with

    async def run(self, work: Work, box: Box) -> Outcome:
        del work, box
        return Outcome(ok=True, summary=reasons.TAKEN_IN)


ELSEWHERE: Agent = Elsewhere()
AGENTS.add(ACTIONS, Elsewhere("away"))
