"""What past attempts say about the next one: how likely it passes its checks, what it costs, and whether what passed
was good.

Counts, and nothing else, are kept; they are a plain value that can be stored as JSON. Every rate is a Beta
distribution that leans on a wider one until it has seen enough of its own: a repository on all repositories, an
attempt after a failed one on first attempts (measured: 0.43 after a failure where it would have been 0.95), a tier of
which nobody knows anything on a guess. A repository is believed slowly, because on its own it says little.

What passes its checks is not always good. That is learned apart, from what comes to light later: a revert or a
rejected review speaks against it, a change that stays speaks for it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.core.plan import RepoName

FIRST = 0.6
"""The share of first attempts that pass, before anybody has seen one; as if 8 had been seen: less is learned dearly."""
FIRST_SEEN = 8.0
AFTER = 0.55
"""What is left of a tier's rate once another attempt has failed; as if 4 had been seen."""
AFTER_SEEN = 4.0
OWN = 30.0
"""Attempts after which a repository's own rate counts as much as that of all repositories."""
LEAK = 0.05
"""The share of wrong changes that the checks let through, before anything has come to light; as if 20 had been seen."""
SEEN_LATER = 20.0
COST_SEEN = 6.0
"""Attempts after which the costs of an attempt after a failure count as much as those of all attempts of the tier."""
HARDER = 0.8
"""What a task costs at the first attempt, of what those cost that another attempt had failed at."""

MOST = 5_000
"""Tallies that are kept; beyond that a repository that was never seen is counted among all only."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt. after: another attempt at the same task had failed before."""

    tier: str
    repo: RepoName
    after: bool
    passed: bool
    cost: Decimal


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came to light later about a change that had passed its checks."""

    tier: str
    good: bool


class Tally(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Counts of attempts; good and bad: verdicts on those that passed."""

    tried: int = 0
    passed: int = 0
    spent: Decimal = Decimal(0)
    good: int = 0
    bad: int = 0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that was learned: counts by tier, whether after a failure, and repository ("" for all of them)."""

    tallies: Mapping[str, Tally] = msgspec.field(default_factory=dict)

    def of(self, tier: str, after: bool, repo: RepoName = "") -> Tally:
        return self.tallies.get(key_of(tier, after, repo), _NONE)

    def learn(self, outcome: Outcome) -> "Known":
        """One more attempt has ended."""
        tallies = dict(self.tallies)
        for repo in ("", outcome.repo):
            key = key_of(outcome.tier, outcome.after, repo)
            if key not in tallies and repo and len(tallies) >= MOST:
                continue
            was = tallies.get(key, _NONE)
            tallies[key] = msgspec.structs.replace(
                was, tried=was.tried + 1, passed=was.passed + outcome.passed, spent=was.spent + outcome.cost
            )
        return Known(tallies=tallies)

    def hear(self, verdict: Verdict) -> "Known":
        """Something has come to light about a change that had passed."""
        key = key_of(verdict.tier, after=False)
        was = self.tallies.get(key, _NONE)
        now = msgspec.structs.replace(was, good=was.good + verdict.good, bad=was.bad + (not verdict.good))
        return Known(tallies={**self.tallies, key: now})

    def rate(self, tier: str, after: bool, repo: RepoName) -> "Rate":
        """How likely the next attempt passes its checks."""
        first = self.of(tier, after=False)
        mean, seen = FIRST, FIRST_SEEN
        if after:
            mean, seen = AFTER * (first.passed + FIRST_SEEN * FIRST) / (first.tried + FIRST_SEEN), AFTER_SEEN
        pool, own = self.of(tier, after), self.of(tier, after, repo)
        others = pool.tried - own.tried
        share = OWN / (OWN + own.tried)
        passed = (pool.passed - own.passed) * share + own.passed + mean * seen
        return Rate(passed, others * share + own.tried + seen, pool.tried)

    def cost(self, tier: str, after: bool, guess: Decimal) -> float:
        """What the next attempt is likely to cost, in dollars. guess: before one was seen; counts as one attempt."""
        first, later = self.of(tier, after=False), self.of(tier, after=True)
        mean = float(first.spent + later.spent + guess) / (first.tried + later.tried + 1)
        pool = later if after else first
        return (float(pool.spent) + COST_SEEN * mean) / (pool.tried + COST_SEEN)

    def good(self, tier: str, passes: float) -> float:
        """How likely a change that has passed its checks is good, where this share of them passes: of those who seldom
        pass, more of what does is wrong.
        """
        leak = self.leak()
        lean = max(1 - leak / passes, 0.0) / (1 - leak)
        own = self.of(tier, after=False)
        return (own.good + SEEN_LATER * lean) / (own.good + own.bad + SEEN_LATER)

    def alone(self, tier: str) -> tuple[float, int]:
        """What a task costs that this tier works on first, and how many of its attempts say so, at least one."""
        first, later = self.of(tier, after=False), self.of(tier, after=True)
        count = first.tried + later.tried
        return (float(first.spent) + HARDER * float(later.spent)) / max(count, 1), max(count, 1)

    def spent(self) -> tuple[float, int]:
        """Dollars in all, and how many tasks they were for."""
        total = sum((tally.spent for key, tally in self.tallies.items() if key.endswith(WHOLE)), Decimal(0))
        return float(total), sum(tally.tried for key, tally in self.tallies.items() if key.endswith(WHOLE[0]))

    def leak(self) -> float:
        """The share of wrong changes that the checks let through: a matter of the checks, so of all tiers together.
        Only as many of those that failed count as there are verdicts on those that passed.
        """
        whole = [tally for key, tally in self.tallies.items() if key.endswith(WHOLE)]
        passed, failed = sum(t.passed for t in whole), sum(t.tried - t.passed for t in whole)
        bad = sum(t.bad for t in whole)
        told = min((bad + sum(t.good for t in whole)) / max(passed, 1), 1.0)
        return min((bad + SEEN_LATER * LEAK) / (bad + told * failed + SEEN_LATER), 0.95)


class Rate(NamedTuple):
    """A Beta distribution: so many passed, as if out of so many. tried: attempts of this kind that were really seen."""

    passed: float
    out_of: float
    tried: int = 0

    @property
    def mean(self) -> float:
        return self.passed / self.out_of

    @property
    def failed(self) -> float:
        return max(self.out_of - self.passed, 1e-6)


WHOLE = ("first", "after")
_NONE = Tally()


def key_of(tier: str, after: bool, repo: RepoName = "") -> str:
    """Under which counts are kept; repo: "" for all of them together."""
    kind = WHOLE[after]
    return f"{tier} {kind} {repo.lower()}".rstrip()
