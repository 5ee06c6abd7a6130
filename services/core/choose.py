"""Which model works on a task: a choice that weighs what an attempt costs against what a failed task costs people.

Three policies. `fixed` takes one tier. `cascade` takes the smallest and, after each failure, the next larger one.
`learned` compares every ladder (an ordered choice among the tiers, small before large) by what it is likely to cost:

    the attempts it makes, each as likely as all before it have failed
    + the value of a failure x (nothing passed, or what passed was not good)

and takes the first step of the cheapest. The rates are drawn from what is known instead of taken at their mean
(Thompson sampling), so a tier of which little is known is tried now and then, and one that is known to be bad hardly
ever. Everything is decided from values, and the generator is handed in: the same seed gives the same choice.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

import msgspec

from services.core.complexity import Bound, Complexity, allowed
from services.core.plan import RepoName
from services.core.posterior import Known, Rate

SURE = 2.0
"""How much surer a draw is than the counts say. Trying things out costs money, and with three tiers and money in view
half the doubt is enough; a mean alone would never look back at what was unlucky once.
"""
MOST_TIERS = 6
CREDIT = 1.5
"""By how many of its attempts the price of the largest tier is doubted: seen n times, it may be 1.5/n more."""

Policy = Literal["fixed", "cascade", "learned"]


class Draw(Protocol):
    """Where chance comes from, such as `random.Random(seed)`."""

    def betavariate(self, alpha: float, beta: float, /) -> float: ...


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A model by the name people give it. guess: dollars an attempt is thought to cost, before one has been seen."""

    name: str
    model: str = ""
    guess: Decimal = Decimal("0.30")


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What people have set. tiers: from small to large; failure_cost: dollars a task that fails costs them, the one
    knob. attempts: at a task in all; explore: whether `learned` tries out what it knows little of.

    dearer: how much more than always the largest tier `learned` may come to, as a share; None: as much as it is worth.
    """

    tiers: tuple[Tier, ...]
    policy: Policy = "learned"
    failure_cost: Decimal = Decimal(3)
    attempts: int = 3
    bounds: tuple[Bound, ...] = ()
    fixed: str = ""
    explore: bool = True
    dearer: float | None = 0.0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The task a model is chosen for. failed: tiers whose attempts at it have failed, in order."""

    repo: RepoName
    labels: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    complexity: Complexity | None = None


class Step(NamedTuple):
    """One step of a ladder. passes: chance that its attempt passes; good: that it is good then; cost: dollars."""

    tier: str
    passes: float
    good: float
    cost: float


class Worth(NamedTuple):
    """What a ladder is likely to come to. spend: dollars; solved: chance of a good change; total: with failures."""

    spend: float
    solved: float
    total: float


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """tier: the one to take now, "" for none, which is a person's turn. ladder: that and what follows when it fails.

    likely: what the ladder is likely to come to, biggest: the same for the largest allowed tier alone; both at the
    mean of what is known. seen: attempts of this tier, in this situation, that the choice goes by.
    repays: nothing else is tried until what was spent on learning is made up for. narrowed: by people's bounds, why.
    left: tiers that may still be tried.
    """

    tier: str
    ladder: tuple[str, ...] = ()
    policy: Policy
    likely: Worth | None = None
    biggest: Worth | None = None
    passes: float = 0.0
    seen: int = 0
    explores: bool = False
    repays: bool = False
    narrowed: tuple[str, ...] = ()
    left: int = 0
    complexity: Complexity | None = None


def choose(asked: Asked, rules: Rules, known: Known, draw: Draw) -> Choice:
    """The tier to take now."""
    names = tuple(tier.name for tier in rules.tiers)[:MOST_TIERS]
    may = allowed(names, rules.bounds, asked.labels, asked.paths)
    left = _left(asked, rules, may.tiers)
    room = max(rules.attempts - len(asked.failed), 0)
    after = bool(asked.failed)
    stop = float(rules.failure_cost) if after else None
    wanted = dict.fromkeys((*left, *may.tiers[-1:]))
    rates = {name: tuple(known.rate(name, after, asked.repo) for after in (False, True)) for name in wanted}
    means = {name: _steps(name, rates[name], rules, known) for name in wanted}
    ladder: tuple[str, ...] = left[:room]
    expected, repays = ladder, False
    if rules.policy == "learned":
        expected = _best(left, room, means, after, rules.failure_cost, stop)
        ladder = expected
        repays = not after and room > 0 and _is_too_dear(may.tiers, rules, known)
        if repays:
            ladder = expected = may.tiers[-1:]
        elif rules.explore:
            drawn = {name: _drawn(means[name], rates[name], draw) for name in left}
            ladder = _best(left, room, drawn, after, rules.failure_cost, stop)
    tier = ladder[0] if ladder else ""
    return Choice(
        tier=tier,
        ladder=ladder,
        policy=rules.policy,
        likely=_worth(ladder, means, after, rules.failure_cost) if ladder else None,
        biggest=_worth(may.tiers[-1:], means, after, rules.failure_cost),
        passes=means[tier][after].passes if tier else 0.0,
        seen=known.of(tier, after).tried if tier else 0,
        explores=bool(tier) and ladder != expected,
        repays=repays,
        narrowed=may.reasons,
        left=len(left) if room else 0,
        complexity=asked.complexity,
    )


def _left(asked: Asked, rules: Rules, tiers: tuple[str, ...]) -> tuple[str, ...]:
    """The tiers that may still be tried. `fixed` tries its one again; the others never go back to a smaller one."""
    if rules.policy == "fixed":
        one = rules.fixed if rules.fixed in tiers else tiers[-1]
        return (one,) * max(rules.attempts - len(asked.failed), 0)
    reached = [tiers.index(name) + 1 for name in asked.failed if name in tiers]
    return tiers[max(reached, default=0) :]


def _steps(name: str, rates: Sequence[Rate], rules: Rules, known: Known) -> tuple[Step, ...]:
    """A tier as a first step, and as one after a failure, at the mean of what is known."""
    guess = next(tier.guess for tier in rules.tiers if tier.name == name)
    costs = (known.cost(name, after, guess) for after in (False, True))
    return tuple(
        Step(name, rate.mean, known.good(name, rate.mean), cost) for rate, cost in zip(rates, costs, strict=True)
    )


def _drawn(means: Sequence[Step], rates: Sequence[Rate], draw: Draw) -> tuple[Step, ...]:
    """The same with rates as they may be."""
    return tuple(
        step._replace(passes=draw.betavariate(SURE * rate.passed, SURE * rate.failed))
        for step, rate in zip(means, rates, strict=True)
    )


def _is_too_dear(tiers: Sequence[str], rules: Rules, known: Known) -> bool:
    """Has all so far cost more than the largest tier alone would have? Then it works alone until that is made up for.
    While nobody knows what it costs, it has to be found out first.
    """
    if rules.dearer is None or not tiers:
        return False
    spent, tasks = known.spent()
    price, seen = known.alone(tiers[-1])
    if seen < CREDIT:
        return tasks >= CREDIT
    return spent > price * tasks * (1 + rules.dearer + CREDIT / seen)


def _best(
    left: tuple[str, ...],
    room: int,
    steps: Mapping[str, Sequence[Step]],
    after: bool,
    failure_cost: Decimal,
    stop: float | None,
) -> tuple[str, ...]:
    """The ladder with the lowest total; none when giving up costs less. stop: what giving up costs, None: not allowed,
    because a task is tried at least once.
    """
    best: tuple[str, ...] = ()
    lowest = stop
    for ladder in _ladders(left, room):
        total = _worth(ladder, steps, after, failure_cost).total
        if lowest is None or total < lowest:
            best, lowest = ladder, total
    return best


def _ladders(left: Sequence[str], room: int) -> Iterator[tuple[str, ...]]:
    for length in range(1, min(room, len(left)) + 1):
        yield from itertools.combinations(left, length)


def _worth(ladder: Sequence[str], steps: Mapping[str, Sequence[Step]], after: bool, failure_cost: Decimal) -> Worth:
    reach, spend, solved = 1.0, 0.0, 0.0
    for name in ladder:
        step = steps[name][after]
        spend += reach * step.cost
        solved += reach * step.passes * step.good
        reach *= 1 - step.passes
        after = True
    return Worth(spend, solved, spend + float(failure_cost) * (1 - solved))
