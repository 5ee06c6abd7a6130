"""What a refused merge means. GitHub tells the cases apart only by their text (REST and GraphQL use the same words)."""

from typing import Literal

Meaning = Literal["again", "look", "conflict", "wait", "queue", "stop"]
"""again: transient, try soon · look: the head moved, read it anew · conflict: needs repair · wait: something is still
missing · queue: it goes through the merge queue · stop: a person must change a setting."""

_BY_TEXT: tuple[tuple[str, Meaning], ...] = (
    ("merge queue", "queue"),
    ("base branch was modified", "again"),
    ("head branch was modified", "look"),
    ("head branch is out of date", "look"),
    ("required status check", "wait"),
    ("approving review", "wait"),
    ("review is required", "wait"),
    ("changes requested", "wait"),
    ("expected", "wait"),
    ("not mergeable", "conflict"),
    ("merge conflict", "conflict"),
    ("draft", "wait"),
)


_WHY_OUT = {
    "CI_FAILURE": "its checks failed there",
    "CI_TIMEOUT": "its checks took too long there",
    "MERGE_CONFLICT": "it conflicts with what is before it",
    "MANUAL": "somebody took it out",
    "QUEUE_CLEARED": "the queue was cleared",
}


def thrown_out(reason: str) -> str:
    """Why the merge queue did not take a pull request, "" when it did. reason: of GitHub's event `dequeued`."""
    if reason in {"MERGE", "ALREADY_MERGED"}:
        return ""
    return f"the merge queue did not take it: {_WHY_OUT.get(reason, 'GitHub does not say why')}"


def meaning(status: int, message: str) -> Meaning:
    """Classify GitHub's refusal of `PUT .../merge`; an unknown text stops and is shown, rather than being retried for
    ever.
    """
    said = message.lower()
    for text, means in _BY_TEXT:
        if text in said:
            return means
    return "look" if status == 409 else "stop"
