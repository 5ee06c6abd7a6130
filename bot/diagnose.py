"""`python -m bot diagnose LOG`: what a CI log of any system says is the matter, with the lines that show it.

The same classifier as the bot's, without network, database or settings. A log is foreign text of any size: it is read
in pieces, kept within bounds, and what is shown of it can't steer a terminal.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from services.core.classify import diagnose
from services.core.config import read_config
from services.core.failure_patterns import Pattern, own_patterns
from services.core.failures import CLASSES, Diagnosis
from services.core.log_lines import Gathering, Log
from services.core.recovery import way
from services.core.strategies import POLICY
from services.errors import UserError

PIECE = 1 << 20
MOST = 4 << 30
"""Bytes that are read: a device may have no end."""
SETTINGS = 64_001
PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "compressed with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}


def main(arguments: list[str]) -> int:
    """0: there is a class; 1: nothing known was found; 2: the file can't be used, with one sentence on stderr;
    130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        own = _own(options.settings) if options.settings else ()
        log = _log(options.log)
    except UserError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    found = diagnose(log, own=own)
    if options.json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in said(found, log))
    return 1 if found.cls == "unknown" else 0


def said(found: Diagnosis, log: Log) -> Iterator[str]:
    """The diagnosis for people, line by line."""
    steps = POLICY[found.cls]
    yield f"{found.cls}: {CLASSES[found.cls]}"
    if found.cls != "unknown":
        yield f"Confidence: {found.confidence:.0%}"
    yield f"Signature: {found.signature}"
    yield f"First: {found.strategy}, {way(steps[0].strategy).summary}"
    if len(steps) > 1:
        yield f"Then: {', '.join(step.strategy for step in steps[1:])}"
    if not found.evidence:
        yield f"No line of {log.count:,} looks like an error."
        return
    yield f"Evidence, {len(found.evidence)} of {log.count:,} lines:"
    width = len(str(found.evidence[-1].line))
    for shown in found.evidence:
        yield f"  {shown.line:>{width}}  {shown.text}".rstrip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot diagnose", description="Say what a CI log tells of: class, evidence, what to try first."
    )
    parser.add_argument("log", metavar="LOG", help="a log as text, of any size; `-` reads standard input")
    parser.add_argument("--settings", metavar="FILE", help="a .github/lockstep.yml whose `failures` count too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _log(name: str) -> Log:
    if name == "-":
        return _gathered(sys.stdin.buffer, "standard input")
    try:
        with Path(name).open("rb") as file:
            return _gathered(file, ascii(name))
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error


def _gathered(file: BinaryIO, name: str) -> Log:
    gathering, size = Gathering(), 0
    while size < MOST and (piece := file.read(PIECE)):
        if not size:
            for magic, what in PACKED.items():
                if piece.startswith(magic):
                    raise UserError(f"{name} is {what}; unpack it and give the log inside.")
        size += len(piece)
        gathering.feed(piece)
    return gathering.log()


def _own(name: str) -> tuple[Pattern, ...]:
    try:
        with Path(name).open("rb") as file:
            text = file.read(SETTINGS).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    return own_patterns(read_config(text, name).failures)


def _unreadable(name: str, error: Exception) -> UserError:
    return UserError(f"{name!a} can't be read: {getattr(error, 'strerror', None) or 'it is not a file name'}.")
