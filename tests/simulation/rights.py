"""Who may do what, by the role that GitHub tells: whatever history says that a person did, they might."""

import re
from collections.abc import Iterator

from handlers.commands import COMMANDS
from services.core.roles import suffices
from tests.simulation.book import Row
from tests.simulation.hub import ROLES

VERBS = {
    "approved": "approve", "adopted": "approve", "started": "run", "retried": "retry", "skipped": "skip",
    "cancelled": "cancel", "held": "hold", "released": "resume", "prioritised": "priority", "reviewed": "retry",
    "paused": "hold", "running": "resume", "failed": "resume", "rebasing": "rebase", "recreated": "recreate", "overridden": "override",
    "assigned": "assign", "reverting": "rollback", "unapproved": "unapprove", "modelled": "model", "budgeted": "budget",
}  # fmt: skip
"""What people say to make a row of the history; of one about a whole run, to bring it to that state."""
OTHERWISE = "run"
"""What a row that nobody said a word of needs no less than."""


CODE = re.compile("`([^`]+)`")


class Rights:
    """ana loses hers now and then, in the middle of something: what that means for a merge, `Merges` asks."""

    def __init__(self) -> None:
        self._lent: set[tuple[str, str]] = set()  # what ana ever let whom say in her name

    def of_row(self, row: Row) -> Iterator[str]:
        if row.kind == "delegated" and row.actor == "ana":
            login, *verbs = CODE.findall(row.text)
            self._lent.update((login, verb) for verb in verbs)
        if row.actor not in ROLES or row.actor == "ana":
            return
        if row.kind == "lent":
            if (row.actor, CODE.findall(row.text)[0].split()[1]) not in self._lent:
                yield f"{row.actor} was never lent {row.text}"
            return
        verb = VERBS.get(row.after if row.kind == "run" else row.kind, OTHERWISE)
        entry, role = COMMANDS.get(verb), ROLES[row.actor]
        assert entry is not None
        if not suffices(role, entry.needs):
            about = row.task or row.run_id or row.plan_id
            yield f"{row.actor}, whose role is {role}, may not {verb}, and {about} is {row.kind}"
