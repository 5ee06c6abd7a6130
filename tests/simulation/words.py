"""The rest of what people can say, in some worlds: all that changes a plan, its tasks and their pull requests, most of it
by who may, and much of it in a bad moment.

What each word does is told by the history, and who may say it is asked of that (`rights`); what a lifted check or need
means for a merge, `merges` asks. What only shows something is said too: it must change nothing.
"""

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.chance import Stream

if TYPE_CHECKING:
    from tests.simulation.people import People

WORDY = 0.25
"""The share of worlds in which they are said."""
SHOWING = ("status", "explain", "cost", "help", "lesson", "delegate", "ping")
LENT = ("retry", "skip", "priority", "recreate")
"""What ana lets ben say in her name."""


class Words:
    """`is_lent`: ana has let ben speak for her, at some time."""

    def __init__(self, people: "People", chance: Stream) -> None:
        self._people = people
        self._chance = chance
        self._rate = chance.choice([0.01, 0.03, 0.1])
        some = chance.sample(sorted(WEIGHTS), chance.randint(3, len(WEIGHTS)))  # a swarm, as of faults
        self._acts = [name for name in some for _ in range(WEIGHTS[name])]
        self.is_lent = False

    async def live(self) -> None:
        """Say something now and then, until stopped."""
        while True:
            await asyncio.sleep(self._chance.expovariate(self._rate))
            who = self._chance.choice(["ana", "ana", "ana", "ben", "tom", "eve"])
            self._people.say(who, getattr(self, self._chance.choice(self._acts))())

    def _one(self, state: str = "") -> str:
        """A task, of those in this state if there are any."""
        book = self._people.world.watch.book
        there = [task.id for task in book.newest_tasks(self._people.plan_id) if task.state == state]
        return self._chance.choice(there or [draft.id for draft in self._people.drafts])

    def _reviewed(self) -> str:
        return self._one("in_review")

    def _some(self) -> str:
        return self._chance.choice([self._one(), self._one(), "all"])

    # Each is what somebody writes.

    def rebase(self) -> str:
        return f"/lockstep rebase {self._reviewed()}"

    def recreate(self) -> str:
        return f"/lockstep recreate {self._reviewed()}"

    def merge(self) -> str:
        return f"/lockstep merge {self._reviewed()}"

    def override(self) -> str:
        """A check that there is, one that there is not, or a need."""
        what = self._chance.choice(["ci", "ci", "ci", "lint", self._one(), f"need={self._one()}"])
        which = self._one(self._chance.choice(["in_review", "in_review", "needs_human", "failed"]))
        return f'/lockstep override {which} {what} why="it is known"'

    def assign(self) -> str:
        whom = self._chance.choice(["@ben", "@ana", "@nobody-of-ours", "agent", "agent"])
        return f"/lockstep assign {self._one()} {whom}"

    def rollback(self) -> str:
        which = self._chance.choice([self._one("done"), "all"])
        return f"/lockstep rollback {which}"

    def unapprove(self) -> str:
        return "/lockstep unapprove"

    def approve_again(self) -> str:
        return self._chance.choice(["/lockstep resume", "/lockstep approve\n/lockstep resume", "/lockstep approve"])

    def delegate(self) -> str:
        self.is_lent = True
        return f"/lockstep delegate {self._chance.choice(['@ben ' + ' '.join(LENT), 'off @ben', '@eve retry'])}"

    def read_anew(self) -> str:
        return f"/lockstep {self._chance.choice(['refresh', 'replan'])}"

    def all_of_it(self) -> str:
        """What names every task, and the run itself."""
        word = self._chance.choice(
            ["priority all p=3", "retry failed", "retry all", "resume all", "hold", "cancel all"]
        )
        return f"/lockstep {word}"

    def money(self) -> str:
        which = self._some()
        return self._chance.choice([f"/lockstep budget {which} usd=2", f"/lockstep model {which} model=test"])

    def look(self) -> str:
        return f"/lockstep {self._chance.choice(SHOWING)}"

    def try_it(self) -> str:
        return f"/lockstep try {self._reviewed()}"

    def at_once(self) -> str:
        """Several in one comment, as they follow each other."""
        chosen = [getattr(self, name)() for name in self._chance.sample(sorted(WEIGHTS), 2) if name != "at_once"]
        return "\n".join(chosen)


WEIGHTS = {
    "rebase": 3, "recreate": 3, "merge": 2, "override": 4, "assign": 3, "rollback": 1, "unapprove": 1, "approve_again": 2,
    "delegate": 1, "read_anew": 2, "all_of_it": 2, "money": 1, "look": 2, "try_it": 1, "at_once": 2,
}  # fmt: skip
