"""How well tokens and money are foretold.

median_error, p95_error: tokens of a prompt of one file of this project, as `core.tokens` says them before the call,
against a real tokenizer, after 20 replies have told what their prompts came to; *_eight_files: of a prompt of eight.
Peers see the same replies: one ratio of characters to tokens, learned, and four characters to a token.

forecast_coverage: the share of the ranges of `core.spending` that hold what ten tasks cost then, where eight in ten
should; by 15 tasks each, drawn from published costs of real attempts.

A tokenizer is not shipped: LOCKSTEP_TOKENIZER names a file of the `tokenizers` library (tokenizer.json), such as the
one in the wheel of anthropic 0.34, which is Claude's own of that time.
"""

import os
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from benchmarks import MissingData, Report, Say, machine
from benchmarks._routing import results
from services.core.spending import likely
from services.core.tokens import Counts, Weights, count

OPTIONS = {"lives": (12, "random orders of the prompts")}
ROOT = Path(__file__).parents[1]
KINDS = frozenset({".py", ".md", ".sql", ".yml", ".toml", ".html", ".css", ".js", ".json"})
FILES, LARGEST, REPLIES, CALLS = 420, 60_000, 20, 80
MODELS = ("GPT-5 mini", "Gemini 3 Pro", "Claude 4.5 Opus")
KNOWN, AHEAD = 15, 10


class Prompt(NamedTuple):
    """counts: what we count; tokens: what they are; length: characters."""

    counts: Counts
    tokens: int
    length: int


def measure(say: Say, *, lives: int) -> Report:
    files = _files(_tokenizer())
    say(f"{len(files)} files")
    figures, peers = dict[str, float](), {"learned ratio": dict[str, float](), "four characters": dict[str, float]()}
    for size, end in ((1, ""), (8, "_eight_files")):
        found = [errors for life in range(lives) for errors in _life(random.Random(life), files, size)]
        for place, told in enumerate((figures, peers["learned ratio"], peers["four characters"])):
            told[f"median_error{end}"], told[f"p95_error{end}"] = _of(sorted(each[place] for each in found))
    figures["forecast_coverage"] = coverage(random.Random(1))
    return Report(
        name="tokens",
        figures={name: round(value, 4) for name, value in figures.items()},
        peers={name: {key: round(value, 4) for key, value in each.items()} for name, each in peers.items()},
        conditions={**machine(), "files": len(files), "lives": lives},
    )


def _tokenizer() -> Callable[[str], int]:
    place = os.environ.get("LOCKSTEP_TOKENIZER", "")
    try:
        import tokenizers
    except ImportError:
        raise MissingData("tokenizers is not installed; pip install tokenizers") from None
    if not place or not Path(place).is_file():
        raise MissingData("set LOCKSTEP_TOKENIZER to a tokenizer.json; the head of benchmarks/tokens.py says of which")
    made: Any = tokenizers.Tokenizer.from_file(place)
    return lambda text: len(made.encode(text).ids)


def _files(tokens: Callable[[str], int]) -> list[Prompt]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in done.stdout.splitlines() if Path(name).suffix in KINDS]
    paths = [path for path in paths if 0 < path.stat().st_size < LARGEST]
    random.Random(3).shuffle(paths)
    texts = [path.read_text(errors="replace") for path in paths[:FILES]]
    return [Prompt(count(text), tokens(text), len(text)) for text in texts]


def _life(chance: random.Random, files: Sequence[Prompt], size: int) -> list[tuple[float, float, float]]:
    """Errors of ours, of a learned ratio, and of four characters to a token."""
    weights, length, tokens = Weights(), 0, 0
    found = []
    for call in range(CALLS):
        parts = chance.sample(files, size)
        asked = Prompt(Counts(), 0, 0)
        for part in parts:
            asked = Prompt(asked.counts.plus(part.counts), asked.tokens + part.tokens, asked.length + part.length)
        if call >= REPLIES:
            said = (weights.of(asked.counts), asked.length * tokens / length, asked.length / 4)
            found.append(tuple(abs(each - asked.tokens) / asked.tokens for each in said))
        weights = weights.learn(asked.counts, asked.tokens)
        length, tokens = length + asked.length, tokens + asked.tokens
    return found  # type: ignore[return-value]


def _of(errors: Sequence[float]) -> tuple[float, float]:
    return median(errors), errors[int(0.95 * len(errors))]


def coverage(chance: random.Random, draws: int = 600) -> float:
    """Over models whose tasks cost very differently."""
    told = results()
    hits = []
    for model in told.starting(*MODELS):
        costs = [float(each) for each in told.cost[model].values()]
        for _ in range(draws):
            drawn = chance.sample(costs, KNOWN + AHEAD)
            found = likely(drawn[:KNOWN], AHEAD)
            assert found is not None
            hits.append(found.low <= sum(drawn[KNOWN:]) <= found.high)
    return mean(hits)
