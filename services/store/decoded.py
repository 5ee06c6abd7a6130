"""Plans out of their rows, decoded once: a run's plan is read again with each event, and is the same text each time.

What is decoded is frozen, so everybody may have the same one, and what it works out about itself (its hash, its groups)
it works out once. Only what is small is kept, so memory stays bounded whatever people write.
"""

from functools import lru_cache

import msgspec

from services.core.plan import Parsed, Plan

KEPT = 128
SMALL = 65_536
"""Bytes of a row's text beyond which it is decoded each time."""


def plan_of(stored: bytes | str) -> Plan:
    return _plan(stored) if len(stored) <= SMALL else msgspec.json.decode(stored, type=Plan)


def parsed_of(stored: bytes | str) -> Parsed:
    return _parsed(stored) if len(stored) <= SMALL else msgspec.json.decode(stored, type=Parsed)


@lru_cache(maxsize=KEPT)
def _plan(stored: bytes | str) -> Plan:
    return msgspec.json.decode(stored, type=Plan)


@lru_cache(maxsize=KEPT)
def _parsed(stored: bytes | str) -> Parsed:
    return msgspec.json.decode(stored, type=Parsed)
