"""Where a crash can strike, and which of them do: drawn from one seed, every kind before any kind comes twice.

A moment is a kind (what passes the wire, what a script says, the start itself) and a place: `before` GitHub gets a
request, `after` GitHub has done it and before its answer, `later`: a few milliseconds after the answer, when the bot
stores what came of it and goes on.
"""

import random
import re
from collections.abc import Iterator
from typing import Literal

import msgspec

Place = Literal["before", "after", "later"]
PLACES: tuple[Place, ...] = ("before", "after", "later")

_REQUESTS: tuple[tuple[str, str, str], ...] = (
    ("token", "POST", r"/app/installations/\d+/access_tokens"),
    ("issue", "POST", r"/repos/[^/]+/[^/]+/issues"),
    ("sub-issue", "POST", r"/repos/.+/issues/\d+/sub_issues"),
    ("comment", "POST", r"/repos/.+/issues/\d+/comments"),
    ("edit", "PATCH", r"/repos/.+/issues/comments/\d+"),
    ("reaction", "POST", r"/repos/.+/issues/comments/\d+/reactions"),
    ("label", "POST", r"/repos/.+/labels"),
    ("close", "PATCH", r"/repos/.+/issues/\d+"),
    ("pull", "POST", r"/repos/[^/]+/[^/]+/pulls"),
    ("check", "POST", r"/repos/.+/check-runs"),
    ("merge", "PUT", r"/repos/.+/pulls/\d+/merge"),
    ("branch", "DELETE", r"/repos/.+/git/refs/.+"),
    ("fetch", "POST", r"/.+/git-upload-pack"),
    ("push", "POST", r"/.+/git-receive-pack"),
    ("git look", "GET", r"/.+/info/refs"),
    ("read", "GET", r".+"),
)
REQUESTS = tuple(name for name, _, _ in _REQUESTS)
_BESIDE: tuple[tuple[str, str, str], ...] = (
    ("commit", "POST", r"/repos/.+/git/commits"),
    ("new branch", "POST", r"/repos/.+/git/refs"),
    ("assign", "POST", r"/repos/.+/issues/\d+/assignees"),
    ("dispatch", "POST", r"/repos/.+/actions/workflows/[^/]+/dispatches"),
)
"""What no plan does of itself."""
GIT = ("fetch", "push", "git look")
SCRIPT = ("agent began", "agent ended", "verify began", "verify ended")
"""What the scripts of a plan say themselves while they run."""
WEBHOOK = "webhook"
START = "start"
"""The process's own start: the delay counts from its first instruction."""
DELAY = 0.03
"""Seconds a `later` strike waits at most."""
STARTING = 1.5
"""Seconds after its start in which a process is struck by START."""


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """One kill. skip: so many moments that fit are let pass.  delay: seconds after the moment.  alone: only the process
    itself is killed, and what it started (git, a script) lives on for a while; otherwise everything at once.
    """

    kind: str
    place: Place = "later"
    skip: int = 0
    delay: float = 0.0
    alone: bool = False


def kind_of(method: str, path: str) -> str:
    """What a request to GitHub is, "" for one that nobody counts."""
    bare = path.partition("?")[0]
    fits = (name for name, verb, pattern in (*_BESIDE, *_REQUESTS) if verb == method and re.fullmatch(pattern, bare))
    return next(fits, "")


def deck() -> list[tuple[str, Place]]:
    """Every kind of moment once; the start counts five times, because a crash there is a crash in a loop."""
    on_the_wire = [(kind, place) for kind in (*REQUESTS, WEBHOOK) for place in PLACES]
    said: list[tuple[str, Place]] = [(kind, "later") for kind in (*SCRIPT, *[START] * 5)]
    return on_the_wire + said


def drawn(seed: int) -> Iterator[Strike]:
    """Strikes without end, deck after deck."""
    chance = random.Random(seed)
    while True:
        cards = deck()
        chance.shuffle(cards)
        for kind, place in cards:
            longest = STARTING if kind == START else DELAY
            yield Strike(
                kind=kind,
                place=place,
                skip=0 if kind == START else chance.choice((0, 0, 0, 1, 2)),
                delay=chance.uniform(0.0, longest) if place == "later" or kind == WEBHOOK else 0.0,
                alone=chance.random() < 0.5,
            )
