"""How well the classifier of CI logs does: macro-F1 against the labels of BugSwarm's logs, and the share of the lines
that people marked in cidiff's failing logs that is among the at most 60 we show.

`LOCKSTEP_CI_LOGS` names a folder with both data sets, bugswarm.jsonl.gz and cidiff.jsonl.gz; they are not ours to ship.
The patterns were developed on half of the projects, by hash of the project's name; the other half is reported apart
(`*_held_out`). Nobody looked at its logs; it was only counted once which classes its labels got, after which words for
the documentation of Java and Python were added, a label that only the other half has; and when the table was widened
after logs written by hand, patterns for servers that don't answer were taken back for Maven, as the labels of both
halves call that a missing library. Of cidiff, whose largest project
would be all or nothing, that project is halved by run. Labels with fewer than ten logs don't count. `macro_f1_named`
leaves out the labels that come from one or two projects.

Our classes stand for labels as LABELS says, all others for `Unknown`. One exception: the data set files findings of
Python's style checkers (`E126`, `W293`) under `Unknown`, and so do we for the figure; `macro_f1_plain` is without it.
Peers: eight regular expressions written without looking at the logs (who gathered the logs measured a macro-F1 of 0.637
for eight of their own), and for lines the last 50 of a log.
"""

import gzip
import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import msgspec

from benchmarks import MissingData, Number, Report, Say, machine
from services.core.classify import diagnose, heard
from services.core.failures import Diagnosis
from services.core.log_lines import Log, read_log
from services.core.log_marks import weights

LABELS: Mapping[str, str] = {
    "test_failure": "Test",
    "flaky_test": "Test",
    "build": "Compilation",
    "lint": "Checkstyle",
    "documentation": "Documentation",
    "license": "License",
    "missing_dependency": "Missing library",
}
STYLE = re.compile(r"\.py:#:#: .#|reformat|incorrectly sorted")
"""Patterns of our table that find style in Python."""
FEW_PROJECTS = frozenset({"Documentation", "License"})
LEAST = 10
LAST = 50
FIVE_MB = 5_000_000
ROUNDS = 9
BLIND: tuple[tuple[str, str], ...] = (
    ("License", r"(?i)\brat\b.*check|license header|unapproved license"),
    ("Checkstyle", r"(?i)checkstyle|\bpmd\b|findbugs|flake8|pep8|pylint"),
    ("Documentation", r"(?i)javadoc.*error|sphinx.*error|error.*javadoc"),
    ("Compilation", r"COMPILATION ERROR|cannot find symbol|Compilation failed|SyntaxError"),
    ("Test", r"Tests run:.*(?:Failures|Errors): [1-9]|FAILED \((?:failures|errors)|[1-9]\d* failed"),
    (
        "Missing library",
        r"Could not resolve dependencies|Could not find artifact|No module named|No matching distribution",
    ),
    ("Test", r"There are test failures|AssertionError|There were failing tests"),
    ("Compilation", r"error: |BUILD FAILED"),
)
Row = dict[str, Any]


class Verdict(msgspec.Struct, frozen=True):
    """One log of BugSwarm: what it is called there, by us, by us without the exception, and by the blind ones."""

    label: str
    ours: str
    plain: str
    blind: str
    held_out: bool


class Overlap(msgspec.Struct, frozen=True):
    """One log of cidiff: the shares of the marked lines that are shown, and of the shown ones that are marked."""

    recall: float
    precision: float
    last_recall: float
    last_precision: float
    shown: int
    held_out: bool


def measure(say: Say) -> Report:
    """Both data sets, and how long a log of 5 MB takes."""
    bugs, pairs = _rows("bugswarm.jsonl.gz"), _rows("cidiff.jsonl.gz")
    verdicts = [_verdict(row) for row in bugs]
    say(f"{len(verdicts)} logs with labels")
    counts = Counter(verdict.label for verdict in verdicts)
    labels = sorted(label for label, count in counts.items() if count >= LEAST)
    for label in labels:
        say(f"  {label}: F1 {_f1(verdicts, label, _ours):.2f}, blind {_f1(verdicts, label, _blind):.2f}")
    overlaps = [found for row in pairs if (found := _overlap(row)) is not None]
    say(f"{len(overlaps)} logs with marked lines")
    ours, blind = _classes(verdicts, labels, _ours), _classes(verdicts, labels, _blind)
    ours |= {"macro_f1_plain": _macro(verdicts, labels, lambda verdict: verdict.plain)}
    ours |= {
        "evidence_recall": mean(found.recall for found in overlaps),
        "evidence_recall_held_out": _mean(found.recall for found in overlaps if found.held_out),
        "evidence_precision": mean(found.precision for found in overlaps),
        "lines_shown": mean(found.shown for found in overlaps),
    }
    last = {
        "evidence_recall": mean(found.last_recall for found in overlaps),
        "evidence_recall_held_out": _mean(found.last_recall for found in overlaps if found.held_out),
        "evidence_precision": mean(found.last_precision for found in overlaps),
        "lines_shown": LAST,
    }
    big = _big([row["fail_log"] for row in pairs])
    ours["ms_5mb"] = _milliseconds(lambda: diagnose(read_log(big)))
    peers = {"blind expressions": {**blind, "ms_5mb": _milliseconds(lambda: _by_blind(big.decode()))}, "last 50": last}
    told = {"logs": len(verdicts), "pairs": len(overlaps), "labels": len(labels)}
    return Report(
        name="ci_logs",
        figures=_rounded(ours),
        peers={name: _rounded(figures) for name, figures in peers.items()},
        conditions={**machine(), **told},
    )


def _rows(name: str) -> list[Row]:
    folder = os.environ.get("LOCKSTEP_CI_LOGS", "")
    path = Path(folder) / name
    if not folder or not path.is_file():
        raise MissingData(f"LOCKSTEP_CI_LOGS has to name a folder with {name}.")
    with gzip.open(path, "rb") as file:
        return [msgspec.json.decode(line) for line in file]


def _held_out(project: str) -> bool:
    """The half that the patterns were not developed on."""
    return hashlib.sha1(project.encode(), usedforsecurity=False).digest()[-1] % 2 == 1


def _verdict(row: Row) -> Verdict:
    log = read_log(row["log"].encode("utf-8", "replace"))
    found = diagnose(log)
    plain = LABELS.get(found.cls, "Unknown")
    ours = "Unknown" if found.cls == "lint" and _is_style(log, found) else plain
    return Verdict(row["label"], ours, plain, _by_blind(row["log"]), _held_out(row["project"]))


def _is_style(log: Log, found: Diagnosis) -> bool:
    voices, _ = heard(log.lines, weights(log.lines))
    first = next(voice.pattern for voice in voices if voice.pattern.cls == found.cls)
    return bool(STYLE.search(first.text))


def _by_blind(text: str) -> str:
    return next((label for label, expression in BLIND if re.search(expression, text)), "Unknown")


def _ours(verdict: Verdict) -> str:
    return verdict.ours


def _blind(verdict: Verdict) -> str:
    return verdict.blind


def _classes(verdicts: Sequence[Verdict], labels: Iterable[str], by: Callable[[Verdict], str]) -> dict[str, Number]:
    halves = {
        half: [verdict for verdict in verdicts if verdict.held_out == held_out]
        for half, held_out in (("seen", False), ("held_out", True))
    }
    labels = list(labels)
    return {
        "macro_f1": _macro(verdicts, labels, by),
        "macro_f1_named": _macro(verdicts, [label for label in labels if label not in FEW_PROJECTS], by),
        "accuracy": mean(by(verdict) == verdict.label for verdict in verdicts),
        **{
            f"macro_f1_{half}": _macro(part, [label for label in labels if any(v.label == label for v in part)], by)
            for half, part in halves.items()
        },
    }


def _macro(verdicts: Sequence[Verdict], labels: Iterable[str], by: Callable[[Verdict], str]) -> float:
    return _mean(_f1(verdicts, label, by) for label in labels)


def _mean(values: Iterable[float]) -> float:
    """0 for none: a half may be empty."""
    found = list(values)
    return mean(found) if found else 0.0


def _f1(verdicts: Iterable[Verdict], label: str, by: Callable[[Verdict], str]) -> float:
    pairs = [(verdict.label == label, by(verdict) == label) for verdict in verdicts]
    both = sum(real and said for real, said in pairs)
    return 2 * both / (sum(real for real, _ in pairs) + sum(said for _, said in pairs)) if both else 0.0


def _overlap(row: Row) -> Overlap | None:
    marked = {number for kind, first, last in row["errors"] if kind == "E" for number in range(first, last + 1)}
    if not marked:
        return None
    log = read_log(row["fail_log"].encode("utf-8", "replace"))
    shown = {line.line for line in diagnose(log).evidence}
    last = set(range(max(1, log.count - LAST + 1), log.count + 1))
    name = row["id"] if row["set"] == "breakages_dump" else row["id"].split("/")[1].rsplit("_", 1)[0]
    return Overlap(
        recall=len(marked & shown) / len(marked),
        precision=len(marked & shown) / max(1, len(shown)),
        last_recall=len(marked & last) / len(marked),
        last_precision=len(marked & last) / len(last),
        shown=len(shown),
        held_out=_held_out(name),
    )


def _big(texts: Iterable[str]) -> bytes:
    """Logs in a row, from the smallest, until there are 5 MB; the last one ends the whole."""
    joined = "\n".join(sorted(texts, key=len)).encode("utf-8", "replace")
    return joined[-FIVE_MB:].decode("utf-8", "replace").encode()


def _milliseconds(once: Callable[[], object]) -> float:
    """Of processor time, so that a busy machine counts as little as can be."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        once()
        took.append(time.process_time() - began)
    return median(took) * 1e3


def _rounded(figures: Mapping[str, Number]) -> dict[str, Number]:
    return {name: round(value, 1 if name.startswith(("ms", "lines")) else 3) for name, value in figures.items()}
