"""Logs that can be shown: one line an entry, JSON or for a terminal, with secrets masked and control characters gone.

Everything Lockstep logs may quote an issue, a branch name or an answer of GitHub. So values are cleaned at the last
moment, behind every caller: characters that move a terminal's cursor or forge a line are dropped first (or they would
hide a secret from the patterns), then whatever looks like a credential is masked, then the length is cut. Libraries
that log through the standard library take the same way.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

MASK = "***"
LONGEST = 16_384
"""Characters of one value."""
DEEPEST = 6
"""Levels of lists and mappings in one value."""
SHORTEST_SECRET = 6
"""Shorter registered secrets are ignored: masking them would eat ordinary words."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_SHAPES = (
    re.compile(r"gh[opsur]_[A-Za-z0-9_.-]{16,}"),
    re.compile(r"\blst_[A-Za-z0-9_-]{16,}"),
    re.compile(r"github_pat_[A-Za-z0-9_]{16,}"),
    re.compile(r"\beyJ[A-Za-z0-9_.-]{16,}"),  # a JWT; no dot is asked for, so that no text can make this slow
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(?<=\bbasic )[A-Za-z0-9+/=]{12,}"),
    re.compile(r"(?<=://)[^/\s@'\"]{1,400}(?=@)"),
)
_HINT = re.compile(r"gh[opsur]_|lst_|github_pat_|eyJ|sk-|-----BEGIN|://|(?i:bearer|basic) ")
"""Stands in whatever one of these shapes may match. Nearly no value has it, and all of them together cost much more."""
SECRET_KEY = re.compile(r"(?i)(?:token|secret|password|authorization|private_key|api_key|cookie)$")
_NONSENSE = frozenset({"HttpProcessingError", "ConnectionResetError"})
"""By name: aiohttp is imported later."""
_TEXTS = frozenset({"exception", "stack"})
"""Keys whose value keeps its lines."""


class Redactor:
    """A structlog processor; `secrets` are masked wherever they appear, shapes of credentials always are."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask this text from now on, for example a token that was just made."""
        if len(secret) >= SHORTEST_SECRET and secret not in self._secrets:
            self._secrets.append(secret)
            self._secrets.sort(key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, method: str, entry: EventDict) -> EventDict:
        return {key: self._value(key, value, DEEPEST) for key, value in entry.items()}

    def clean(self, text: str, *, lines: bool = False) -> str:
        """One text, safe to print; with `lines` line ends stay, each followed by a mark no entry begins with."""
        if not text.isprintable():
            text = _CONTROL.sub("", _ANSI.sub("", text))
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        if _HINT.search(text):
            for shape in _SHAPES:
                text = shape.sub(MASK, text)
        text = text.replace("\n", "\n  | " if lines else " ").replace("\t", " ")
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}... (cut)"

    def _value(self, key: str, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if _is_secret(key):
            return MASK
        if isinstance(value, str):
            return self.clean(value, lines=key in _TEXTS)
        if isinstance(value, Mapping) and depth:
            return {self.clean(str(name)): self._value(str(name), each, depth - 1) for name, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth:
            return [self._value(key, each, depth - 1) for each in value]
        return self.clean(repr(value), lines=key in _TEXTS)


@lru_cache(maxsize=512)
def _is_secret(key: str) -> bool:
    return SECRET_KEY.search(key) is not None


def _not_a_strangers_nonsense(record: logging.LogRecord) -> bool:
    """aiohttp logs a request it can't parse, and one whose sender hung up, as an error with a traceback; anybody could
    fill the disk with that.
    """
    kinds = type(record.exc_info[1]).__mro__ if record.exc_info else ()
    return not any(kind.__name__ in _NONSENSE for kind in kinds)


def set_up(*, style: str, level: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Configure structlog and the standard library once per process.

    style: "json" or "console".  level: a standard name such as "INFO".  stream: stderr when None.
    """
    target = stream if stream is not None else sys.stderr
    floor = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redactor,
    ]
    renderer = _renderer(style, target)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(floor),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.getLogger("aiohttp.server").addFilter(_not_a_strangers_nonsense)
    logging.basicConfig(level=max(floor, logging.INFO), handlers=[handler], force=True)


def _renderer(style: str, target: TextIO) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback)
