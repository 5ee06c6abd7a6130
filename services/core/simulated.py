"""What a simulation found, in words: every figure as a range, and beside it what it goes by."""

from collections.abc import Callable, Sequence

from services.core.durations import lasting
from services.core.simulate import BESIDE, CALLS_A_TASK, CALLS_OF_A_PLAN, SHARE, Basis, Money, Range, Simulated
from services.core.text import code

SHOWN = 12
"""Tasks of a path that are named."""
CALLS = (
    f"no record of earlier calls: {CALLS_A_TASK[0]} to {CALLS_A_TASK[1]} a task and up to {CALLS_OF_A_PLAN} for the "
    "plan, as the benchmark `calls` measures without trouble"
)
Row = tuple[str, str, str]


def said(found: Simulated) -> str:
    """The answer to `/lockstep simulate`, as Markdown."""
    if not found.tasks:
        return "Nothing is left to simulate: all tasks are done."
    lines = [f"| {what} | {likely} | {basis} |" for what, likely, basis in rows(found, code)]
    return "\n".join([f"{head(found)}\n", "| What | Likely | Going by |", "| --- | --- | --- |", *lines])


def head(found: Simulated) -> str:
    """What was simulated, in one sentence."""
    times = f"simulated {found.lives} times with {_count(found.workers, 'worker')}"
    return (
        f"{_count(found.tasks, 'open task')}, {times}: from the start to the last merge, if nothing fails and nobody "
        "holds anything back."
    )


def rows(found: Simulated, name: Callable[[str], str] = str) -> list[Row]:
    """(what, how much, going by what); `name` writes a task's id."""
    path = _path([name(task_id) for task_id in found.path])
    finish = f"{_between(found.seconds)}; half of the time within {lasting(found.seconds.middle)}"
    at_once = f"{found.at_once:.1f} attempts on average, {found.peak} at most"
    beside = f"{_minutes(found.beside)} at one runner for each pull request"
    return [
        ("Finish", finish, lengths_in_words(found.basis)),
        ("Critical path", path, f"the longest chain in {found.path_share:.0%} of all simulations"),
        ("At the same time", at_once, "the needs and the lanes"),
        ("API calls", f"{found.calls[0]:,} to {found.calls[1]:,}", CALLS),
        ("CI", beside, _ci_in_words(found.basis)),
        ("Money for models", *_money(found.money)),
    ]


def lengths_in_words(basis: Basis) -> str:
    """What the lengths of tasks go by."""
    earlier = (
        f"{_count(basis.samples, 'earlier task')} like {'them' if not basis.declared else f'{basis.learned} of these'}"
    )
    timeouts = f"{SHARE[0]:.0%} to {SHARE[1]:.0%} of the timeout"
    if not basis.declared:
        return earlier
    if not basis.learned:
        return f"no history: {timeouts}, then {_default()} for checks and merge"
    return f"{earlier}; for {basis.declared} without history {timeouts}, then {_default()}"


def _ci_in_words(basis: Basis) -> str:
    waited = f"how long the pull requests of {_count(basis.samples, 'earlier task')} waited, reviews included"
    if not basis.declared:
        return waited
    if not basis.learned:
        return f"no history: {_default()} a task"
    return f"{waited}; for {basis.declared} without history {_default()} each"


def _default() -> str:
    return f"{BESIDE[0] / 60:.0f} to {BESIDE[1] / 60:.0f} min"


def _money(money: Money) -> tuple[str, str]:
    most = f"at most ${money.most:,.2f}" if money.priced else "$0.00" if not money.unpriced else "unpriced"
    if money.priced and money.unpriced:
        most += f", and {_count(money.unpriced, 'task')} unpriced"
    if not money.priced and not money.unpriced:
        return most, "no task uses a model; scripts cost nothing"
    why = [f"the budgets of {_count(money.priced, 'task')}"] if money.priced else []
    why += (
        [f"{_count(money.unpriced, 'task')} of a model's without `budget`, or done on GitHub"] if money.unpriced else []
    )
    return most, "; ".join(why)


def _between(found: Range) -> str:
    low, high = lasting(found.low), lasting(found.high)
    return low if low == high else f"{low} to {high}"


def _minutes(found: Range) -> str:
    low, high = round(found.low / 60), round(found.high / 60)
    return f"{low:,} min" if low == high else f"{low:,} to {high:,} min"


def _path(ids: Sequence[str]) -> str:
    return " → ".join(ids if len(ids) <= SHOWN else [*ids[:6], "…", *ids[-5:]])


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"
