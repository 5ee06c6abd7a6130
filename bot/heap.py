"""One heap for all threads, where the C library would give each its own.

glibc keeps them apart so that threads don't wait for each other; here they take turns anyway, at Python's lock. What
one heap has free the others can't use: of a few threads that compress, write and read it came to ten megabytes. And
what is free in the middle of a heap the system gets back only when it is told to.
"""

import ctypes

EVERY = 60.0
"""Seconds after which what is free is given back."""
M_ARENA_MAX = -8
"""As <malloc.h> has it."""


def one_heap() -> None:
    """Before the first thread is started. Other C libraries than glibc have no such choice, and keep theirs."""
    try:
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
    except (AttributeError, OSError, TypeError):
        return


def give_back() -> None:
    """What is free in whole pages; takes some milliseconds."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
