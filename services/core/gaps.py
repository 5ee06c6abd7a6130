"""What GitHub has sent and we have not: found by comparing its log of deliveries with what is stored here.

The log tells when each delivery was tried and what we answered. A delivery is missing when no attempt of it has come to
our store, whatever was answered; several attempts of one have one GUID.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

OVERLAP = timedelta(minutes=2)
"""How far before the last look the next one begins: what is being tried is in the log only when that has ended."""
APART = timedelta(minutes=10)
"""Losses no further apart than this are one blind window."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt in GitHub's log; `at` by its clock."""

    id: str
    guid: str
    at: datetime
    event: str
    status_code: int = 0


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which deliveries were lost. recovered: brought in since.  unseen: the log does not reach back so far,
    so nobody knows how many were.
    """

    began: datetime
    ended: datetime
    missed: int = 0
    recovered: int = 0
    unseen: bool = False


def missing(listed: Iterable[Listed], known: Collection[str]) -> list[Listed]:
    """The newest attempt of each delivery that is not known, in the order in which they were first sent."""
    first: dict[str, datetime] = {}
    newest: dict[str, Listed] = {}
    for each in listed:
        if each.guid in known:
            continue
        first[each.guid] = min(first.get(each.guid, each.at), each.at)
        if each.guid not in newest or newest[each.guid].at <= each.at:
            newest[each.guid] = each
    return sorted(newest.values(), key=lambda each: (first[each.guid], each.id))


def windows(lost: Sequence[Listed]) -> list[Blind]:
    """The blind windows that these losses make, oldest first."""
    found: list[Blind] = []
    for each in sorted(lost, key=lambda each: each.at):
        if found and each.at - found[-1].ended <= APART:
            found[-1] = msgspec.structs.replace(found[-1], ended=each.at, missed=found[-1].missed + 1)
        else:
            found.append(Blind(began=each.at, ended=each.at, missed=1))
    return found


def unseen(checked: datetime | None, oldest: datetime | None, *, is_whole: bool) -> Blind | None:
    """The time between the last look and the oldest entry, where the log does not reach back to that look.

    is_whole: was the log read as far as was asked for?
    """
    if checked is None or is_whole or oldest is None or oldest <= checked:
        return None
    return Blind(began=checked, ended=oldest, unseen=True)
