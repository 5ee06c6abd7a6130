"""`python -m benchmarks NAME [--json]`: measure one figure.

The last line printed is one JSON object `{"name", "figures", "peers", "conditions"}`. Exit status: 0 measured, 1 what
was to be measured did not work, 2 bad usage or the data is not on this machine.
"""

import argparse
import importlib
import pkgutil
import sys

import msgspec

import benchmarks
from benchmarks import MissingData, Options, Report, WentWrong


def names() -> list[str]:
    """The figures there are."""
    return sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__) if not found.name.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run one benchmark; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure one figure.")
    parser.add_argument("name", metavar="NAME", choices=names(), help=f"one of: {', '.join(names())}")
    parser.add_argument("--json", action="store_true", help="print only the last line")
    asked = next((word for word in arguments if word in names()), "")
    module = importlib.import_module(f"benchmarks.{asked}") if asked else None
    options: Options = getattr(module, "OPTIONS", {})
    for option, (default, meaning) in options.items():
        parser.add_argument(f"--{option}", type=int, default=default, metavar="N", help=f"{meaning} ({default})")
    chosen = parser.parse_args(arguments)
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    try:
        say = _quiet if chosen.json else _say
        report: Report = module.measure(say, **{option: getattr(chosen, option) for option in options})
    except (MissingData, WentWrong) as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 2 if isinstance(error, MissingData) else 1
    if not chosen.json:
        _table(report)
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _quiet(_: str) -> None:
    return


def _table(report: Report) -> None:
    peers = list(report.peers)
    _say("  ".join([f"{'':28}", f"{'ours':>12}", *(f"{peer:>12}" for peer in peers)]))
    for key, value in report.figures.items():
        theirs = (report.peers[peer].get(key) for peer in peers)
        _say("  ".join([f"{key:28}", f"{value:>12}", *(f"{'' if other is None else other:>12}" for other in theirs)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
