"""What is the matter: a log and what else is known, turned into a class of failure with its evidence.

Each pattern that the log holds speaks for its class, as strongly as its weight and its step say; the strongest voice
counts in full, further ones a little. Facts that no log can tell (the base fails too, the same commit has passed) come
from outside and go first.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from services.core.failure_evidence import FAINT, base_score, believed, chosen, scores
from services.core.failure_facts import Facts, judged
from services.core.failure_patterns import Matcher, Pattern, words_of
from services.core.failure_table import PATTERNS
from services.core.failures import Diagnosis, FailureClass
from services.core.log_lines import WIDTH, Line, Log
from services.core.log_marks import weights
from services.core.signature import signature
from services.core.strategies import POLICY

LEAST = 2.5
"""A weaker voice than this says nothing."""
FURTHER = 0.15
"""What a second voice for the same class adds."""
OTHERS = 0.3
"""What a line that speaks for another class is worth as evidence."""
ASIDE = 0.6
"""How sure a class is that only lines outside of the failed step tell."""
ENDED = "##[error]process completed with exit code"
"""How a step of GitHub Actions ends, whatever failed in it."""
NOTHING = Log()
NO_FACTS = Facts()
_KNOWN = Matcher(PATTERNS)


class Voice(msgspec.Struct, frozen=True):
    """One pattern that speaks, and where in the lines it does."""

    pattern: Pattern
    strength: float
    places: tuple[int, ...]


def heard(
    lines: Sequence[Line], counts: Sequence[float], own: Matcher | None = None
) -> tuple[list[Voice], list[float]]:
    """The patterns these lines have, the strongest first, and how much each line looks like an error by itself."""
    places: dict[int, tuple[Pattern, list[int]]] = {}  # by identity: to hash a pattern takes long
    looks: list[float] = []
    same: dict[str, tuple[list[Pattern], float]] = {}  # logs say many a line over and over
    for at, line in enumerate(lines):
        if line.text not in same:
            low = line.text.lower()
            words = words_of(low)
            found = believed(low, _KNOWN.find(low, words))
            same[line.text] = found + own.find(low, words) if own else found, base_score(low, words)
        found, look = same[line.text]
        looks.append(look)
        for pattern in found:
            places.setdefault(id(pattern), (pattern, []))[1].append(at)
    voices = [Voice(p, p.weight * max(counts[at] for at in where), tuple(where)) for p, where in places.values()]
    return sorted(voices, key=_rank), looks


def _rank(voice: Voice) -> tuple[float, tuple[int, ...], str]:
    """The strongest first; among equals always in the same order."""
    return -voice.strength, voice.places, voice.pattern.text


def totals(found: Iterable[Voice]) -> dict[FailureClass, float]:
    """How loud each class is."""
    loud: dict[FailureClass, float] = {}
    for voice in found:  # strongest first
        cls = voice.pattern.cls
        loud[cls] = loud[cls] + FURTHER * voice.strength if cls in loud else voice.strength
    return loud


def diagnose(log: Log = NOTHING, facts: Facts = NO_FACTS, own: Sequence[Pattern] = (), *, brief: int = 0) -> Diagnosis:
    """The failure that a log and the facts tell of; without a log, what a check's annotations say is read as one.

    brief: at most so many lines of evidence, and nothing around them.
    """
    lines = log.lines or tuple(Line(number, text[:WIDTH]) for number, text in enumerate(facts.annotations, 1))
    counts = weights(lines)
    voices, looks = heard(lines, counts, Matcher(own) if own else None)
    loud, sure = _ordered(voices), 1.0
    if not loud and min(counts, default=1.0) < 1.0:  # what failed is not where the marks say
        counts, sure = [min(1.0, count * 10) for count in counts], ASIDE
        voices = _alike(voices, counts)
        loud = _ordered(voices)
    told: FailureClass = loud[0][0] if loud else "unknown"
    cls, confidence = judged(facts, told, _confidence(loud, sure))
    found = scores(lines, _with_patterns(looks, voices, told), counts)
    evidence = chosen(lines, found, brief, 0) if brief else chosen(lines, found)
    said = (max(voice.places, key=lambda at: (counts[at], -at)) for voice in voices if voice.pattern.cls == told)
    first = [lines[at].text for at in said if not lines[at].text.startswith("##[group]")]
    return Diagnosis(
        cls=cls,
        confidence=confidence,
        signature=signature(cls, first or _loudest(lines, found)),
        evidence=evidence,
        strategy=POLICY[cls][0].strategy,
    )


def _ordered(voices: Iterable[Voice]) -> list[tuple[FailureClass, float]]:
    """The classes that are loud enough, the loudest first."""
    loud = [item for item in totals(voices).items() if item[1] >= LEAST]
    return sorted(loud, key=lambda item: -item[1])


def _loudest(lines: Sequence[Line], found: Sequence[float]) -> list[str]:
    """What stands for a failure that no pattern knows: the line that looks most like an error, or what was said last
    before the step was ended.
    """
    ends = [at for at, line in enumerate(lines) if line.text.lower().startswith(ENDED)]
    best = max((at for at in range(len(lines)) if at not in ends), key=lambda at: (found[at], at), default=None)
    if best is not None and found[best] >= FAINT:
        return [lines[best].text]
    before = (line.text for line in reversed(lines[: ends[0] + 1 if ends else 0]) if line.text.strip())
    return [*islice(before, 2)][::-1]


def _alike(voices: Iterable[Voice], counts: Sequence[float]) -> list[Voice]:
    """The same as if every step counted."""
    found = [Voice(v.pattern, v.pattern.weight * max(counts[at] for at in v.places), v.places) for v in voices]
    return sorted(found, key=_rank)


def _with_patterns(looks: Sequence[float], voices: Iterable[Voice], cls: FailureClass) -> list[float]:
    """What each line looks like, and what its patterns add: those of the class in full."""
    added: dict[int, float] = {}
    for voice in voices:
        share = 1.0 if voice.pattern.cls == cls else OTHERS
        for at in voice.places:
            added[at] = max(added.get(at, 0.0), share * voice.pattern.weight)
    return [look + added.get(at, 0.0) for at, look in enumerate(looks)]


def _confidence(loud: Sequence[tuple[FailureClass, float]], sure: float) -> float:
    """High when a decisive pattern speaks and no other class does."""
    if not loud:
        return 0.0
    best = loud[0][1]
    rival = loud[1][1] if len(loud) > 1 else 0.0
    return round(min(0.99, min(1.0, best / 10) * best / (best + rival * 0.5)) * sure, 2)
