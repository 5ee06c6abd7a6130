"""Cursors: where a list goes on, in a form that nobody has to understand.

A cursor holds the key of the last row and nothing that is decided by: a made-up one only starts somewhere else, and
what somebody may not see is left out of every page.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from bot.api.problems import Refusal
from bot.web.sight import BEGINNING, Reach

LONGEST = 400
T = TypeVar("T")


def cursor(*key: str | int) -> str:
    """For the row with this key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def following(rows: Sequence[T], limit: int, key: Callable[[T], tuple[str, str]], reach: Reach, given: str) -> str:
    """The cursor of what follows the `limit` rows that are shown, of one more if there is one. It holds the key of a
    row that is shown, or the one that was `given`: nothing of what is not.
    """
    if len(rows) <= limit and not reach.since:
        return ""
    return cursor(*key(rows[:limit][-1])) if rows else given or cursor(*BEGINNING)


def part(found: Sequence[T], given: str, limit: int) -> tuple[Sequence[T], str]:
    """Of what is summed up as a whole: `limit` items from where the cursor says, and the cursor of what follows."""
    key = key_of(given, int)
    first = max(0, int(key[0])) if key else 0
    return found[first : first + limit], cursor(first + limit) if first + limit < len(found) else ""


def key_of(given: str, *kinds: type) -> tuple[str | int, ...] | None:
    """The key in a cursor, None for the beginning; Refusal for what was never one of these."""
    if not given:
        return None
    try:
        text = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(text, type=tuple[str | int, ...])
    except (ValueError, binascii.Error, msgspec.ValidationError):
        found = ()
    fits = len(found) == len(kinds) and all(isinstance(each, kind) for each, kind in zip(found, kinds, strict=True))
    if not fits or any("\0" in each if isinstance(each, str) else abs(each) >= 2**63 for each in found):
        raise Refusal(400, "`cursor` is not one that this list has given; leave it out to begin anew.")
    return found
