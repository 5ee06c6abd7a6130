"""A plan's history in words: one line for each moment, as it was written down."""

import msgspec

from bot.web.times import clock
from bot.web.views import RUN_STATES, Seen
from services.core.clock import from_text
from services.core.report import WORDS
from services.core.spans import Span, spans
from services.store.runs import Told

SAID = {
    "unapproved": "approval taken back",
    "delegated": "lent commands",
    "undelegated": "took back what was lent",
    "lent": "acted in another's name",
}
"""What people did to a plan as a whole."""
HAPPENED = {
    "approved": "approved",
    "approval": "approved by one of several",
    "started": "work started",
    "unblocked": "all it needs has merged",
    "pushed": "pushed a commit",
    "opened": "opened its pull request",
    "broke": "failed",
    "refused": "held for a person",
    "moved": "somebody else pushed to its branch",
    "green": "is fine again",
    "merged": "merged",
    "closed": "its pull request was closed",
    "expired": "has taken too long",
    "cancelled": "cancelled",
    "modelled": "got another model",
    "budgeted": "got another budget",
    "retried": "to be tried again",
    "skipped": "left out",
    "redone": "to be done anew",
    "ticked": "ticked as done",
    "unticked": "not ticked as done any more",
    "removed": "taken out of the plan",
}
"""Kinds of moments in words; a plan's own and unknown ones are said by their states."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One line of history."""

    iso: str
    at: str
    task: str
    said: str
    change: str
    why: tuple[Span, ...]
    actor: str


def past(seen: Seen, moment: Told) -> Past:
    at = from_text(moment.at)
    changed = moment.before != moment.after
    words = [WORDS.get(state, state) for state in (moment.before, moment.after) if state]
    why: tuple[Span, ...]
    if moment.kind == "approved":
        said, why = "approved", (Span(text="as version "), Span(text=moment.text[:12], code=True))
    elif moment.kind in SAID:
        said, why = SAID[moment.kind], spans(moment.text)
    elif moment.kind == "adopted":
        said, why = "the edited plan was taken over", spans(moment.text)
    elif not moment.task:
        said = "run started" if moment.kind == "started" else f"run {RUN_STATES.get(moment.after, ('', ''))[1]}"
        why = spans(moment.text)
    else:
        said, why = HAPPENED.get(moment.kind, moment.kind), spans(moment.text)
    return Past(
        iso=at.isoformat(timespec="seconds"),
        at=clock(at, seen.now, seconds=True),
        task=moment.task,
        said=said,
        change=" → ".join(words) if changed and moment.task else "",
        why=why,
        actor=moment.actor,
    )
