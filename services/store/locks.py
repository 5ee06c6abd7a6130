"""A file that one process holds for as long as it lives.

Such a lock belongs to the open file, and so to a child too that was just forked, until it has become another program.
Whoever starts where a process was killed at that moment would be refused for nothing, so a little is waited for it.
"""

import os
import threading
from typing import IO

WAITS = 2.0


def hold(file: IO[bytes], seconds: float = WAITS) -> bool:
    """False when another process holds it, and still does after so many seconds; close it then. True where the system
    has no such locks.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting = threading.Thread(target=_wait, args=(os.dup(file.fileno()),), name="lock", daemon=True)
        waiting.start()
        waiting.join(seconds)  # flock itself knows no time limit
        return not waiting.is_alive()
    return True


def _wait(same: int) -> None:
    """What it gets is the open file's; once that is closed by whoever waited in vain, nobody has it."""
    import fcntl

    try:
        fcntl.flock(same, fcntl.LOCK_EX)
    finally:
        os.close(same)
