"""Whether any text makes a reader of what strangers write fall over, or take more than its time.

Each reader is fuzzed in two ways (`_fuzzed`), two at a time, with seeds from the tests' plans and from a folder of
plans if `LOCKSTEP_PLANS` names one; what took long is timed once more without the fuzzer. Besides, every piece that
means something, alone, behind the beginning of a task and of a list, and in drawn pairs, is repeated to 1 MB and timed.
`crashes`, `slow` (more than a second per MB) and `seconds_1mb_worst` are the figures; what was found is kept in a
folder that is told.
"""

import importlib.util
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import MissingData, Number, Report, Say, WentWrong, machine
from benchmarks._readers import KEPT, PIECES, READERS

MEGABYTE = 1_000_000
WAYS = ("bytes", "grammar")
PAIRS = 60
TASK = "- [ ] **a** Write "
LIST = f"{TASK}· paths: "
LEAST = 20_000
"""Characters: what takes long for fewer is measured as if it were so many, for every reader takes some time at once."""
LARGEST_SEED = 20_000
OPTIONS = {"minutes": (60, "minutes of fuzzing in total")}


def measure(say: Say, minutes: int) -> Report:
    """Fuzz every reader, then pump every pattern."""
    if importlib.util.find_spec("atheris") is None:
        raise MissingData("fuzz needs atheris: `pip install atheris`.")
    worst, place = max(_pumped(say))
    say(f"1 MB: at most {worst:.2f} s, {place}")
    kept = Path(tempfile.mkdtemp(prefix="lockstep-fuzz-"))
    seeds = _seeds(kept)
    jobs = list(itertools.product(READERS, WAYS))
    seconds = max(1, minutes * 60 // len(jobs))

    def one(job: tuple[str, str]) -> int:
        return _fuzz(say, *job, seconds, seeds, kept)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = sum(pool.map(one, jobs))
    crashes = list(kept.glob("crash-*"))
    slow = [path for path in kept.glob("slow-*") if _per_megabyte(path) > 1]
    for path in (*crashes, *slow):
        say(f"kept: {path}")
    figures: dict[str, Number] = {"minutes": minutes, "cases": runs, "crashes": len(crashes), "slow": len(slow)}
    figures |= {"seconds_1mb_worst": round(worst, 2)}
    return Report(name="fuzz", figures=figures, peers={}, conditions=machine())


def _pumped(say: Say) -> Iterator[tuple[float, str]]:
    """The most seconds that each reader took for a megabyte of a pattern."""
    draw = random.Random(0)
    pairs = ["".join(draw.sample(PIECES, 2)) for _ in range(PAIRS)]
    patterns = [("", each) for each in (*PIECES, *pairs)]
    patterns += [(head, each) for head in (TASK, LIST) for each in PIECES]
    for name, read in READERS.items():
        took = []
        for head, piece in patterns:
            text = head + piece * ((MEGABYTE - len(head)) // len(piece.encode()))
            took.append((_seconds(read, text), f"{name}: {head + piece!r} repeated"))
        yield (slowest := max(took))
        say(f"{name}: 1 MB in at most {slowest[0]:.2f} s")


def _seconds(read: Callable[[str], None], text: str) -> float:
    began = time.process_time()
    read(text)
    return time.process_time() - began


def _per_megabyte(kept: Path) -> float:
    text = kept.read_text("utf-8", "replace")
    took = min(_seconds(READERS[kept.name.split("-")[1]], text) for _ in range(3))
    return took * MEGABYTE / max(len(text), LEAST)


def _fuzz(say: Say, reader: str, way: str, seconds: int, seeds: Path, kept: Path) -> int:
    """Cases that were tried."""
    command = [sys.executable, "-m", "benchmarks._fuzzed", reader, way, str(seconds), str(seeds), str(kept)]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    cases = re.search(r"number_of_executed_units: (\d+)", ended.stderr)
    say(f"{reader}, {way}: {cases[1] if cases else 'no'} cases")
    if ended.returncode:
        say(ended.stderr[-3000:])
    if cases is None and not list(kept.glob(f"crash-{reader}-*")):
        raise WentWrong(f"the fuzzer of {reader} ({way}) did not run: {ended.stderr[-300:]}")
    return int(cases[1]) if cases else 0


def _seeds(folder: Path) -> Path:
    """Plans, and what was found before, as a beginning; what the fuzzer finds new goes there too."""
    seeds = folder / "seeds"
    seeds.mkdir()
    folders = [
        Path("tests/core/plans"),
        *([Path(os.environ["LOCKSTEP_PLANS"])] if "LOCKSTEP_PLANS" in os.environ else []),
    ]
    found = (path for each in folders for path in each.rglob("*") if path.suffix in {".md", ".yaml", ".yml"})
    for number, path in enumerate(path for path in found if path.stat().st_size < LARGEST_SEED):
        (seeds / f"{number}").write_bytes(path.read_bytes())
    for number, text in enumerate(KEPT):
        (seeds / f"kept-{number}").write_text(text)
    return seeds
