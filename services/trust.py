"""Whom connections trust: what the machine trusts, and beside that authorities of one's own.

Reading what the machine trusts takes tens of milliseconds in which nothing else is done, so it is read once for each
kind of client: what changes there counts from the next start on.
"""

import ssl
from functools import lru_cache


@lru_cache(maxsize=32)
def trusted(client: str, ca: str = "") -> ssl.SSLContext:
    """ca: PEM text. client: a name; each has a context of its own, as libraries set in it what they speak."""
    context = ssl.create_default_context()
    if ca:
        context.load_verify_locations(cadata=ca)
    return context
