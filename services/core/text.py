"""Foreign text made harmless before it stands in anything the bot posts.

Titles, ids, check names and messages of others may hold mentions, closing keywords, links, HTML, images or table
breaks. `code` is for names, `plain` for sentences; both bound the length and remove what a reader could not see.
"""

import hashlib
import re
from functools import lru_cache

from services.core.plan_text import clean_line

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&@:])")
_CLOSING = re.compile(r"\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b", re.IGNORECASE)
_LINK = re.compile(r"\b(https?|ftp|www|mailto)(?=\\?[:.])", re.IGNORECASE)
KEPT = 2_048
"""Texts that are kept as they were made harmless: a plan's comment shows the same ones again each time it is edited."""
_REFERENCE = re.compile(r"(?<![A-Za-z0-9])gh(?=-\d)", re.IGNORECASE)
"""GitHub reads `GH-4` as `#4`."""
_JOINER = "\u2060"
"""WORD JOINER: invisible, and no word character, so neither a mention nor a keyword is read across it."""


def visible(text: str, limit: int = 256) -> str:
    """One line without control, bidirectional or zero-width characters, at most `limit` characters."""
    flat = clean_line(text[: limit * 4])
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def code(text: str, limit: int = 100) -> str:
    """A code span: GitHub makes neither mention, reference nor link inside one."""
    return _code(text[: limit * 4], limit)


@lru_cache(maxsize=KEPT)
def _code(text: str, limit: int) -> str:
    inner = visible(text, limit).replace("`", "'").replace("|", "¦")
    return f"`{inner}`" if inner else "` `"


def plain(text: str, limit: int = 256) -> str:
    """A sentence of somebody else's inside our Markdown: markup is escaped; mentions, references, links and closing
    words are broken.
    """
    return _plain(text[: limit * 4], limit)


@lru_cache(maxsize=KEPT)
def _plain(text: str, limit: int) -> str:
    escaped = _MARKUP.sub(r"\\\1", visible(text, limit))
    for broken in (_LINK, _CLOSING, _REFERENCE):
        escaped = broken.sub(lambda found: found[0][0] + _JOINER + found[0][1:], escaped)
    return re.sub(r"\\[@#]", lambda found: found[0] + _JOINER, escaped)


def title(text: str, limit: int = 200) -> str:
    """For titles of issues, pull requests and commits, which are not Markdown but still mention, refer and close."""
    kept = visible(text, limit)
    for broken in (_CLOSING, _REFERENCE):
        kept = broken.sub(lambda found: found[0][0] + _JOINER + found[0][1:], kept)
    return re.sub(r"[@#](?=\w)", lambda found: found[0] + _JOINER, kept)


def digest_of(*texts: str) -> str:
    """By which texts are known again, however long they are; of one text it is what `sha256sum` says."""
    return hashlib.sha256("\0".join(texts).encode(errors="surrogatepass")).hexdigest()


def cut(reason: str, most: int) -> str:
    """Short, and without half a code span or half an escape at its end: a name in one could come alive."""
    if len(reason) <= most:
        return reason
    kept = reason[:most]
    while kept.count("`") % 2 or kept.replace("\\`", "").count("`") % 2:
        kept = kept[: kept.rindex("`")]
    return kept.rstrip("\\ ") + "…"
