"""What the process logs while a test runs, as values: a story fails when there is an error in it that nobody announced."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.types import EventDict, WrappedLogger

BAD = frozenset({"error", "critical", "exception"})


class Log:
    """`entries` in order, each with its `event` and `log_level`."""

    def __init__(self) -> None:
        self.entries: list[EventDict] = []
        self._meant: list[str] = []

    def __call__(self, logger: WrappedLogger, method: str, entry: EventDict) -> EventDict:
        self.entries.append({**entry, "log_level": method})
        raise structlog.DropEvent

    def expect(self, text: str) -> None:
        """Errors that contain `text` are meant; there must be at least one."""
        self._meant.append(text)

    def has(self, text: str) -> bool:
        """Is there an entry that contains `text` anywhere?"""
        return any(text in line for line in self.lines())

    def lines(self) -> list[str]:
        """Every entry as one text, tracebacks included."""
        return [
            " ".join([str(e["log_level"]), *(f"{k}={v}" for k, v in e.items() if k != "log_level")])
            for e in self.entries
        ]

    def problems(self) -> list[str]:
        """Errors that nobody expected, and expectations that did not come."""
        errors = [line for line, entry in zip(self.lines(), self.entries, strict=True) if entry["log_level"] in BAD]
        absent = [f"expected in the log: {text}" for text in self._meant if not any(text in line for line in errors)]
        return absent + [line for line in errors if not any(text in line for text in self._meant)]


class _Standard(logging.Handler):
    """Libraries and asyncio itself log through the standard library."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._log.entries.append({"event": text, "log_level": record.levelname.lower(), "logger": record.name})


@contextmanager
def logged() -> Iterator[Log]:
    """Everything that structlog and the standard library log in this block."""
    log, before = Log(), structlog.get_config()
    handler = _Standard(log)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, log],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().addHandler(handler)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.configure(**before)
