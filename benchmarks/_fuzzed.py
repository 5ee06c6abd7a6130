"""One reader of foreign text under a fuzzer that sees which branches it takes: `python -m benchmarks._fuzzed`.

A process of its own, because the fuzzer ends it: with a crash, or when its time is over. `bytes` draws text byte by
byte from seeds; `grammar` lets hypothesis build it of the pieces that mean something to the readers, every second text
short and of the marks of blocks only: long ones hardly ever end in the few that matter. What takes long is kept for the
parent, which times it without the fuzzer's eyes.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris
from hypothesis import given, settings
from hypothesis import strategies as st

with atheris.instrument_imports(include=["handlers", "services.core", "yaml", "markdown_it"]):
    from benchmarks._readers import MARKS, PIECES, READERS

LONGEST = 65_536
SLOW = 0.25
"""Seconds, with the fuzzer's eyes on."""


def main(reader: str, way: str, seconds: str, seeds: str, kept: str) -> None:
    """Fuzz until the time is over; a crash is kept in `kept`, so is what takes long."""
    read = READERS[reader]

    def one(text: str) -> None:
        began = time.perf_counter()
        read(text)
        if time.perf_counter() - began > SLOW:
            Path(kept, f"slow-{reader}-{abs(hash(text))}").write_text(text, "utf-8", "replace")

    ways: dict[str, Callable[[bytes], object]] = {
        "bytes": lambda data: one(data.decode("utf-8", "replace")),
        "grammar": _built(one),
    }
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=30", "-rss_limit_mb=4096"]
    options += [f"-artifact_prefix={kept}/crash-{reader}-", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, seeds], ways[way])
    atheris.Fuzz()


def _built(one: Callable[[str], None]) -> Callable[[bytes], object]:
    piece = st.sampled_from(PIECES) | st.text(max_size=12)

    @settings(database=None, deadline=None)
    @given((st.lists(piece, max_size=200) | st.lists(st.sampled_from(MARKS), max_size=9)).map("".join))
    def test(text: str) -> None:
        one(text)

    fuzz: Callable[[bytes], object] = test.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    return fuzz


if __name__ == "__main__":
    main(*sys.argv[1:])
