"""A command that was given on a page, and what came of it, as values."""

import msgspec

from services.core.spans import Span, spans
from services.store.requests import Request

LINES = 20
LOOKS = {"waiting": ("running", "is carried out"), "done": ("done", "done"), "refused": ("failed", "not done")}


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """waits: nobody knows yet what comes of it.  answer: its lines."""

    command: str
    state: str
    word: str
    waits: bool
    answer: tuple[tuple[Span, ...], ...]


def given_line(request: Request) -> Given:
    """In words; the answer is Markdown of ours."""
    state, word = LOOKS[request.state]
    lines = [line for line in request.answer.split("\n") if line.strip()]
    return Given(
        command=f"/lockstep {request.command}",
        state=state,
        word=word,
        waits=request.state == "waiting",
        answer=tuple(spans(line) for line in lines[:LINES]),
    )
