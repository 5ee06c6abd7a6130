"""The bot's own Markdown sentences, read back for places that show no Markdown.

Reasons and history are stored as they stand in comments: code spans, and foreign text made harmless by text.py. A page
escapes in its own way, so it wants the words as they were, and which of them are code.
"""

import re

import msgspec

_CODE = re.compile(r"`([^`]+)`")
_TOKEN = re.compile(r"\\(?P<escaped>[\\`*_{}\[\]<>()#+!|~$&@:])|`(?P<code>[^`]*)`|(?P<joiner>\u2060)")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of text; `code` when it stood in a code span. It is foreign: whoever shows it escapes it."""

    text: str
    code: bool = False


def spans(sentence: str) -> tuple[Span, ...]:
    """The reverse of `text.plain` and `text.code` as far as a reader can tell; other Markdown stays as it is."""
    found: list[Span] = []
    words: list[str] = []
    at = 0
    for token in _TOKEN.finditer(sentence):
        words.append(sentence[at : token.start()])
        at = token.end()
        if token["escaped"] is not None:
            words.append(token["escaped"])
        elif token["code"] is not None:
            found += [Span(text="".join(words)), Span(text=token["code"].strip(), code=True)]
            words = []
    words.append(sentence[at:])
    found.append(Span(text="".join(words)))
    return tuple(span for span in found if span.text)


def code_spans(title: str) -> tuple[Span, ...]:
    """A person's own title, in which only code spans mean something, as on GitHub."""
    pieces = _CODE.split(title)
    return tuple(Span(text=text, code=at % 2 == 1) for at, text in enumerate(pieces) if text)
