"""`python -m bot resolve`: merge three versions of a file and resolve what follows from them; what doesn't is left
between conflict markers.

Also a merge driver for git. The files are taken as hostile: only regular files, bounded in size, and what is no text is
left alone.
"""

import argparse
import os
import stat
import sys
import tempfile
from pathlib import Path

import msgspec

from services.core.resolve import MARKER, Outcome, resolve
from services.errors import UserError

MOST_BYTES = 4_000_000
MOST_MARKER = 200


def main(arguments: list[str]) -> int:
    """0: all of it is resolved; 1: something is left; 2: a file or an argument can't be used."""
    options = _parser().parse_args(arguments)
    try:
        if not 1 <= options.marker_size <= MOST_MARKER:
            raise UserError(f"--marker-size takes 1 to {MOST_MARKER}.")
        base, ours, theirs = (_read(Path(name)) for name in (options.base, options.ours, options.theirs))
        path = options.path or _named(options.ours, options.output, options.base, options.theirs)
        reason = _reason(base, ours, theirs)
        texts = [data.decode("utf-8", "surrogateescape") for data in (base, ours, theirs)]
        outcome = None if reason else resolve(texts[0], texts[1], texts[2], path, marker=options.marker_size)
        data = ours if outcome is None else outcome.text.encode("utf-8", "surrogateescape")
        _write(Path(options.output), data, Path(options.ours))
    except UserError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    _tell(outcome, reason, path, as_json=options.json)
    return 0 if outcome is not None and not outcome.left else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot resolve",
        description="Merge three versions of a file and resolve what follows from them; the rest is left in markers.",
    )
    parser.add_argument("base", metavar="BASE", help="the file both sides started from; empty if both added it")
    parser.add_argument("ours", metavar="OURS", help="our version")
    parser.add_argument("theirs", metavar="THEIRS", help="their version")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="where the outcome goes; OURS will do")
    parser.add_argument(
        "--path", metavar="NAME", default="", help="the file's name in the repository; that of OURS if not given"
    )
    parser.add_argument(
        "--marker-size", metavar="N", type=int, default=MARKER, help="length of conflict markers; 7 if not given"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _named(*names: str) -> str:
    """The first that tells what kind of file it is."""
    return next((name for name in names if Path(name).suffix), names[0])


def _read(path: Path) -> bytes:
    """The bytes of a regular file, not more than one more than is taken."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UserError(f"{str(path)!a} is not a regular file; give the three versions as files.")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!a} can't be read: {_why(error)}.") from error
    return data


def _reason(*sides: bytes) -> str:
    """Why nothing is merged; empty if it can be."""
    if any(len(data) > MOST_BYTES for data in sides):
        return f"it is larger than {MOST_BYTES:,} bytes"
    return "it is not a text" if any(b"\0" in data for data in sides) else ""


def _write(path: Path, data: bytes, like: Path) -> None:
    """Whole or not at all, with the mode of what it replaces, or of ours."""
    try:
        kept = path if path.is_file() or path.is_symlink() else like
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UserError(f"{str(path)!a} is not a regular file; name one for the outcome.")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".lockstep-", delete=False) as file:
            try:
                file.write(data)
                os.fchmod(file.fileno(), stat.S_IMODE(kept.stat().st_mode))
                Path(file.name).replace(path)
            finally:  # it has another name by now, if all went well
                Path(file.name).unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!a} can't be written: {_why(error)}.") from error


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is not a file name"


def _tell(outcome: Outcome | None, reason: str, path: str, *, as_json: bool) -> None:
    hunks = [] if outcome is None else [{"line": told.line, "rule": told.rule or None} for told in outcome.hunks]
    left = 1 if outcome is None else outcome.left
    if as_json:
        found = {"path": path, "resolved": not left, "left": left, "reason": reason or None, "hunks": hunks}
        sys.stdout.write(msgspec.json.encode(found).decode(errors="replace") + "\n")
        return
    name = f"{path!a}"
    if reason:
        sys.stderr.write(f"lockstep: {name} is left as it is: {reason}.\n")
        return
    for hunk in hunks:
        sys.stdout.write(f"{name}:{hunk['line']}: {'resolved by ' + str(hunk['rule']) if hunk['rule'] else 'left'}\n")
    if not hunks:
        sys.stdout.write(f"{name}: merged\n")
