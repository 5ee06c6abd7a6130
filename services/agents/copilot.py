"""The agent `copilot`: GitHub's own coding agent does the work, in a pull request of its own.

The engine assigns the tracking issue to it and follows that pull request (services/engine/assigned.py). What it pushed
lies in the files before this is asked, so nothing is left to be done in the box.
"""

from services.agents import AGENTS
from services.agents.actions import ELSEWHERE
from services.core.elsewhere import COPILOT

AGENTS.add(COPILOT, ELSEWHERE)
