"""What libraries load at their import without anybody here using it is left out, before they are imported.

structlog takes rich, pygments, greenlet and colorama along where they are installed: 4 MB and a fifth of the time until
the door stands. aiohttp reads every certificate of the machine into a context for clients that bring none of their own;
ours do (services/trust.py), so that one stays empty and would trust nobody.
"""

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = ("colorama", "greenlet", "rich", "twisted")


@contextmanager
def lean() -> Iterator[None]:
    """Import structlog and aiohttp while the block runs."""
    hidden = [name for name in UNUSED if name not in sys.modules]
    load = ssl.SSLContext.load_default_certs
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: there is no such module
    ssl.SSLContext.load_default_certs = _nothing  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = load  # type: ignore[method-assign]
        for name in hidden:
            del sys.modules[name]


def _nothing(_context: ssl.SSLContext, _purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
    return
