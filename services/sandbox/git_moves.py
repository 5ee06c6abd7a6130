"""What one side of a merge has renamed: files, and with them whole directories.

As in git, a rename counts only where it can matter: where the other side changed the file too, or put something new
into a directory that this side has emptied.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from services.sandbox import git_renames
from services.sandbox.git_history import Change
from services.sandbox.git_values import EMPTY_BLOB, Side


class Moves:
    """`renamed`: old path -> new path. `directories`: old -> new, None where as much went to one place as to another.

    `mine` are this side's changes, `yours` the other's; `has` tells whether a directory is still there on this side.
    """

    def __init__(
        self,
        mine: Mapping[str, Change],
        yours: Mapping[str, Change],
        *,
        has: Callable[[str], bool],
        read: Callable[[str], bytes],
    ) -> None:
        gone = {path: before for path, (before, after) in mine.items() if after is None and before is not None}
        come = {path: after for path, (before, after) in mine.items() if before is None and after is not None}
        gone, come = _with_content(gone), _with_content(come)
        emptied = {directory for path in gone for directory in above(path)}
        filled = {_directory(path) for path, (before, after) in yours.items() if before is None and after is not None}
        wanted = {directory for directory in emptied & filled if not has(directory)}
        relevant = {path for path in gone if path in yours or any(d in wanted for d in above(path))}
        found = git_renames.find(gone, come, read, relevant)
        self.renamed = {old: new for new, old in found.items() if old in relevant}
        self.directories = {old: new for old, new in _directories(self.renamed).items() if old in wanted}


def _with_content(files: Mapping[str, Side]) -> dict[str, Side]:
    """Without empty files, which are too much alike to have been renamed."""
    return {path: side for path, side in files.items() if side[1] != EMPTY_BLOB}


def _directories(renamed: Mapping[str, str]) -> dict[str, str | None]:
    """Where most of a directory's files went, and of those above it as far as the names at the end are the same."""
    counts: dict[str, Counter[str]] = {}
    for old, new in renamed.items():
        before, after = _directory(old), _directory(new)
        while True:
            counts.setdefault(before, Counter())[after] += 1
            same = before.rpartition("/")[2] == after.rpartition("/")[2]
            if not before or not after or not same:
                break
            before, after = _directory(before), _directory(after)
    out: dict[str, str | None] = {}
    for directory, targets in counts.items():
        best = targets.most_common(2)
        out[directory] = None if len(best) > 1 and best[0][1] == best[1][1] else best[0][0]
    return out


def above(path: str) -> list[str]:
    """The directories a path lies in, nearest first, without the top."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]


def _directory(path: str) -> str:
    return path.rpartition("/")[0]
