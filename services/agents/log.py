"""What a run printed, made fit to be stored and shown: plain text of bounded size.

A log is foreign text that people later see in terminals, comments and pages. Escape sequences can rewrite a terminal
or hide what happened, so they go; so do other control characters and those that turn the direction of writing.
"""

import re

MAX_LOG = 64_000
"""Bytes of a log that are kept with a result."""

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # titles, links, the clipboard (OSC)
    r"|\x1b[PX^_][^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # device and privacy strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor (CSI)
    r"|\x1b[ -/]*[0-~]?"
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clean_log(raw: bytes, limit: int = MAX_LOG) -> bytes:
    """The end of a log as valid UTF-8 of at most `limit` bytes, with only newline and tab of all control characters."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    data = _UNSEEN.sub("", _ESCAPES.sub("", text)).encode()
    return data[-limit:].decode("utf-8", "ignore").encode() if len(data) > limit else data


def last_line(log: bytes, limit: int = 160) -> str:
    """The last line that says something, in one short line; empty when there is none."""
    for line in reversed(log.decode("utf-8", "replace").split("\n")):
        if plain := " ".join(line.split()):
            return plain[: limit - 1] + "…" if len(plain) > limit else plain
    return ""
