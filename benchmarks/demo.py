"""The whole way of a plan on this machine: `python -m bot demo`, six tasks over three repositories, to the last merge.

seconds: from the start of the run to the last merge; its limit is critical_path_seconds, the longest chain of tasks
with the time each really took. api_calls: requests to GitHub; the peer is the same demo with every saving of calls
turned off, run in turn with it.
"""

import subprocess
import sys
from statistics import median

import msgspec

from benchmarks import Number, Report, Say, WentWrong, machine

ROUNDS = 5
PATIENCE = 300


class Summary(msgspec.Struct, frozen=True):
    """What the demo prints, as far as it is measured here."""

    ok: bool
    seconds: float
    critical_path_seconds: float
    api_calls: int
    said: str = ""


def measure(say: Say) -> Report:
    """Run the demo with and without its savings, alternating."""
    ours: list[Summary] = []
    plain: list[Summary] = []
    for number in range(1, ROUNDS + 1):
        ours.append(_run())
        plain.append(_run("--no-cache"))
        say(
            f"round {number} of {ROUNDS}: {ours[-1].seconds} s and {ours[-1].api_calls} calls,"
            f" without savings {plain[-1].seconds} s and {plain[-1].api_calls} calls"
        )
    figures, uncached = _medians(ours), _medians(plain)
    return Report(
        name="demo",
        figures={**figures, "api_calls_uncached": uncached["api_calls"]},
        peers={"no cache": uncached},
        conditions={**machine(), "rounds": ROUNDS, "tasks": 6, "repositories": 3},
    )


def _run(*more: str) -> Summary:
    command = [sys.executable, "-m", "bot", "demo", "--json", *more]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise WentWrong(f"the demo was not over after {PATIENCE} s") from None
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise WentWrong(f"the demo ended with exit status {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return msgspec.json.decode(lines[-1], type=Summary)


def _medians(runs: list[Summary]) -> dict[str, Number]:
    return {
        "seconds": round(median(run.seconds for run in runs), 2),
        "critical_path_seconds": round(median(run.critical_path_seconds for run in runs), 2),
        "api_calls": median(run.api_calls for run in runs),
    }
