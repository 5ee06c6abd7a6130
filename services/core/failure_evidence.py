"""Which lines of a log to show: those that look like an error, what belongs to them, and no more than a person reads.

A line's score is how much it looks like an error, what its patterns say of the failure that was found, and how much its
step counts. What follows an error and belongs to it (a stack, a list of symbols) inherits from it.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from services.core.failure_patterns import Pattern, fold
from services.core.failures import MOST_EVIDENCE, Shown
from services.core.log_lines import Line

WORDS: Mapping[str, float] = {
    "error": 3.0, "errors": 2.0, "fatal": 4.0, "exception": 3.0, "failed": 3.0, "failure": 3.0, "failures": 2.0,
    "fail": 3.0, "traceback": 4.0, "panic": 4.0, "panicked": 4.0, "cannot": 2.0, "unable": 2.0, "denied": 2.5,
    "undefined": 2.0, "unexpected": 2.0, "invalid": 2.0, "missing": 1.5, "expected": 1.5, "aborted": 2.5,
    "aborting": 2.5, "killed": 2.5, "refused": 2.0, "unresolved": 2.5, "unsuccessful": 2.5, "canceled": 2.0,
    "violation": 2.5, "violations": 2.5, "conflict": 2.0, "caused": 2.0, "no such": 2.0, "assertionerror": 4.0,
    "incompatible": 2.0, "unsupported": 1.5, "crashed": 3.0, "wrong": 1.5, "severe": 2.0,
}  # fmt: skip
"""What an error looks like, by word."""
CALM = (
    "0 errors", "errors: 0", "0 failures", "no errors", "0 failed", "downloading", "downloaded", "<<< ok",
    "-- installing", "[info] copying", "... ok", "... passed", " passed ", "ignoring", "retrying", "[debug]",
    "trying next",
)  # fmt: skip
"""Words of lines that only look like one."""
_PASSED = ("✓", "✔", "√", "ok ", "ok: ", "pass ", "pass: ", "--- pass")
_PASSED_END = ("... ok", "... passed", "() passed")
"""How the line of a test that passed begins or ends: its name says what is tested."""
PHRASE, LAST_WORD = 6, 10
"""Up to the one weight mere words are what any sentence may say; above the other a pattern outweighs a summary."""
_NAMES = ("error", "exception", "failure")
_FRONT = (
    "error", "[error", "fatal", "##[error]", "e  ", "fail", "--- fail", "traceback", "npm err!", "✕", "✗", "× ",
)  # fmt: skip
_QUIET = ("[info]", "[debug]", "info", "debug", "$ ", "+ ")
_KNOWN = frozenset(WORDS)
_STACK = re.compile(
    r"at |file \"|caused by|caused:|also:|suppressed:|\.\.\. \d+ more|(?:symbol|location|required|found|reason) ?:"
    r"|\||\^|~|>|e  |-->|goroutine |#\d+ "
)
INHERITED, STEP, LONGEST = 0.85, 0.97, 45
FAINT = 0.5
"""Lines below this score are no evidence."""
AROUND = 6
"""Lines before and after that are shown while there is room."""
SHOWN = 500
"""Characters of a line that are shown."""
SAME = 12
"""Lines of one shape before more of them count for little."""


def base_score(low: str, words: Sequence[str]) -> float:
    """How much a line, given in small letters and with its words, looks like an error by itself."""
    known = _KNOWN.intersection(words)
    score = max([WORDS[word] for word in known]) if known else 0.0
    if score < 3.0 and ("error" in low or "exception" in low or "failure" in low):
        score = 3.5 if any(word.endswith(_NAMES) for word in words) else score
    begin = low.lstrip()
    if begin.startswith(_FRONT):
        score += 2.0
    if not score:
        return 0.0
    if begin.startswith(_QUIET):
        score *= 0.4
    return score * 0.2 if _calm(low) else score


def _calm(low: str) -> str:
    """The first calm word of a line, or nothing."""
    for calm in CALM:  # a generator would take twice as long
        if calm in low:
            return calm
    return ""


def believed(low: str, found: list[Pattern]) -> list[Pattern]:
    """Those of the known patterns of a line that speak: none where a test has passed. On a calm line neither a mere
    phrase nor what would outweigh a tool's last word, unless the calm word is its own.
    """
    if not found or low.lstrip().startswith(_PASSED) or low.endswith(_PASSED_END):
        return []
    calm = _calm(low)
    return [p for p in found if calm in p.text or not _is_easily_wrong(p)] if calm else found


def _is_easily_wrong(pattern: Pattern) -> bool:
    return pattern.weight > LAST_WORD or (pattern.weight <= PHRASE and pattern.text.replace(" ", "").isalpha())


def scores(lines: Sequence[Line], told: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The score of each line; told: what it and its patterns say."""
    found: list[float] = []
    source, left = 0.0, 0
    for at, line in enumerate(lines):
        own = told[at]
        if at and line.number != lines[at - 1].number + 1:
            source, left = 0.0, 0
        own *= weights[at]
        if own >= 3.0 and own >= source * 0.6:
            source, left = own * INHERITED, LONGEST
        elif left and _belongs(line.text):
            own = max(own, source)
            source, left = source * STEP, left - 1
        elif left:
            source, left = source * 0.8, left // 2
        found.append(own)
    return found


def _belongs(text: str) -> bool:
    low = text.lstrip().lower()
    return not low or text[0] in " \t" or bool(_STACK.match(low))


def chosen(
    lines: Sequence[Line], found: Sequence[float], most: int = MOST_EVIDENCE, around: int = AROUND
) -> tuple[Shown, ...]:
    """At most so many lines: those with the highest scores, among equals the later ones, then what is around them."""
    ranked = [at for _, at in _ranked(lines, found)[:most]]
    kept = set(ranked)
    for distance in range(1, around + 1):
        for at in ranked:
            for near in (at - distance, at + distance):
                if len(kept) < most and _beside(lines, at, near):
                    kept.add(near)
    return tuple(Shown(lines[at].number, lines[at].text[:SHOWN]) for at in sorted(kept) if _is_shown(lines, at, kept))


def _ranked(lines: Sequence[Line], found: Sequence[float]) -> list[tuple[float, int]]:
    seen: dict[str, int] = {}
    ranked: list[tuple[float, int]] = []
    last = len(lines) or 1
    for at in range(len(lines) - 1, -1, -1):
        score = found[at]
        if score < FAINT:
            continue
        shape = fold(lines[at].text)[:60]
        seen[shape] = seen.get(shape, 0) + 1
        if seen[shape] > SAME:
            score *= 0.3
        ranked.append((score * (0.7 + 0.3 * at / last), at))
    return sorted(ranked, reverse=True)


def _beside(lines: Sequence[Line], at: int, near: int) -> bool:
    """True if nothing was left out between the two."""
    return 0 <= near < len(lines) and lines[near].number - lines[at].number == near - at


def _is_shown(lines: Sequence[Line], at: int, kept: AbstractSet[int]) -> bool:
    """A blank line is shown only between others."""
    return bool(lines[at].text.strip()) or (at - 1 in kept and at + 1 in kept)
