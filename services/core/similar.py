"""Which past tasks a new one is like, and which files it will probably touch.

Two texts are alike by the words they share, rare ones more than common ones (BM25). A past task's words are those of
its title, of the paths it changed, and, for less, of its body; one that was merged lately counts up to twice as much
as one long ago, because repositories change. What is like the new task then votes for the files it changed.

All of it is counted beforehand: a past task is stored as its words, each with a weight that needs nothing else, so a
search reads a few lists of numbers, the same ones in either database. Lists are read from the newest on and to a bound,
and the most common words not at all, so a search takes as long among a million tasks as among ten thousand.

It says which files, lessons and examples may help. It does not say whether a model will succeed: for that it is
worthless (0.55, where 0.50 is a coin), and nothing routes on it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from services.core.stems import words

SATURATION, LENGTH_COUNTS, USUAL_LENGTH = 1.2, 0.5, 20.0
"""BM25: how soon a repeated word counts no more, how much long texts count less, and what is no longer short."""
BODY = 0.3
"""What a word of the body counts, where one of the title or of a path counts 1."""
LATELY = 500.0
"""Tasks after which most of the bonus for being new is gone."""

MOST_TEXT, MOST_PATHS, MOST_PATH, MOST_WORDS = 4_000, 50, 512, 200
"""Characters of a body, paths, characters of a path, and words of a task that are kept."""
ASKED, LISTED = 10, 200
"""Words that are looked up, the rarest of the new task's, and past tasks that are read for each."""
NEAREST = 30
"""Past tasks that vote."""
SECOND = 60
"""How little the first places of an order count more than the next ones, where two orders are put together."""
EMPTY = frozenset({
    "an", "and", "are", "as", "at", "be", "by", "do", "does", "for", "from", "has", "have", "if", "in", "into", "is",
    "it", "its", "not", "of", "on", "or", "that", "the", "this", "to", "when", "with",
})  # fmt: skip
"""Words that nobody looks for."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One merged task. number: its pull request; order: the how-manieth of its repository it was."""

    repo: str
    title: str
    paths: tuple[str, ...]
    number: int = 0
    order: int = 0


class Found(NamedTuple):
    """A past task by its place in the order, and how like it is."""

    order: int
    score: float


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A past task that is like the new one. score: 1 for the likest."""

    past: Past
    score: float


Posting = tuple[str, int, float]
"""A word, the past task it stands in, and its weight there."""


def weights(title: str, body: str, paths: Sequence[str]) -> dict[str, float]:
    """What each word of a past task counts for; this is all that is stored to find it by."""
    count: dict[str, float] = defaultdict(float)
    for text, worth in ((title, 1.0), (" ".join(paths[:MOST_PATHS]), 1.0), (body[:MOST_TEXT], BODY)):
        for word in words(text):
            if word in count or len(count) < MOST_WORDS:
                count[word] += worth
    length = sum(count.values())
    slack = SATURATION * (1 - LENGTH_COUNTS + LENGTH_COUNTS * length / USUAL_LENGTH)
    return {word: round(many * (SATURATION + 1) / (many + slack), 4) for word, many in count.items()}


def kept(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that are kept of a task: the first ones, none with an endless name."""
    return tuple(path for path in paths if len(path) <= MOST_PATH)[:MOST_PATHS]


def query(title: str, body: str = "", paths: Sequence[str] = ()) -> tuple[str, ...]:
    """The words a new task is looked up by: those of its title and of the paths it may change, then of its body."""
    text = "\n".join((title, " ".join(paths[:MOST_PATHS]), body[:MOST_TEXT]))
    return tuple(dict.fromkeys(word for word in words(text) if word not in EMPTY))[:MOST_WORDS]


def rarest(asked: Iterable[str], counts: Mapping[str, int], total: int) -> dict[str, float]:
    """The words worth looking up, each with what it counts. counts: past tasks that have it, of `total`."""
    known = sorted((counts[word], word) for word in asked if counts.get(word))
    return {word: math.log(1 + (total - count + 0.5) / (count + 0.5)) for count, word in known[:ASKED]}


def rank(postings: Iterable[Posting], worth: Mapping[str, float], total: int, most: int = NEAREST) -> list[Found]:
    """The past tasks in the order of how like they are, the newer one first of two alike."""
    scores: dict[int, float] = defaultdict(float)
    for word, order, weight in postings:
        scores[order] += worth[word] * weight
    scored = [Found(order, score * (1 + math.exp((order - total) / LATELY))) for order, score in scores.items()]
    return sorted(scored, key=lambda found: (-found.score, -found.order))[:most]


def matches(found: Sequence[Found], read: Mapping[int, Past]) -> list[Match]:
    """The same with what was read of them; one that is gone is left out."""
    best = max((each.score for each in found), default=0.0) or 1.0
    return [Match(past=read[each.order], score=each.score / best) for each in found if each.order in read]


def reordered(found: Sequence[Match], close: Sequence[float]) -> list[Match]:
    """The same with a second opinion: `close` says how like each is by other means. The two orders count alike
    (reciprocal ranks), and the likest still has the score 1.
    """
    by_close = sorted(range(len(found)), key=lambda place: -close[place])
    ranks = {place: rank for rank, place in enumerate(by_close)}
    order = sorted(range(len(found)), key=lambda place: -(1 / (SECOND + place) + 1 / (SECOND + ranks[place])))
    return [msgspec.structs.replace(found[place], score=was.score) for place, was in zip(order, found, strict=True)]


def files(alike: Iterable[Match], most: int = 5) -> list[str]:
    """The files a task will probably touch: each past task votes for those it changed, together with one vote."""
    votes: dict[str, float] = defaultdict(float)
    for match in alike:
        for path in match.past.paths:
            votes[path] += match.score**2 / math.sqrt(len(match.past.paths))
    return sorted(votes, key=lambda path: (-votes[path], path))[:most]
