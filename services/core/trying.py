"""What a try came to, in words: the merge of a pull request with its base as it is now, judged by its checks alone."""

from collections.abc import Sequence

import msgspec

from services.core.gate import PASSED
from services.core.text import code

NAMED = 10


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """head, base: commits.  checks: (name, conclusion), "" while it is pending."""

    head: str
    base: str
    checks: Sequence[tuple[str, str]] = ()

    @property
    def is_pending(self) -> bool:
        return any(not conclusion for _, conclusion in self.checks)


def outcome(tried: Tried, branch: str) -> str:
    """What is said once it is over; pending checks have taken too long."""
    what = f"The merge of {code(tried.head[:12])} with the base at {code(tried.base[:12])}"
    if not tried.checks:
        pattern = f"{branch.rpartition('/')[0]}/**"
        return f"{what} has had no check: no workflow runs on a push to {code(pattern)}."
    failed = [name for name, conclusion in tried.checks if conclusion and conclusion not in PASSED]
    pending = [name for name, conclusion in tried.checks if not conclusion]
    passed = len(tried.checks) - len(failed) - len(pending)
    if failed:
        others = f"; {passed} passed" if passed else ""
        return f"{what} **fails**: {_named(failed)}{others}."
    if pending:
        return f"{what} was not judged in time: {_named(pending)} did not end."
    return f"{what} **passes**: {_named([name for name, _ in tried.checks])}."


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(code(name) for name in names[:NAMED]) + more
