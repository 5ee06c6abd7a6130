"""Who may do what, by the role that GitHub tells: whatever history says that a person did, they might."""

from collections.abc import Iterator

from handlers.commands import COMMANDS
from services.core.roles import suffices
from tests.simulation.book import Row
from tests.simulation.hub import ROLES

VERBS = {
    "approved": "approve", "adopted": "approve", "started": "run", "retried": "retry", "skipped": "skip",
    "cancelled": "cancel", "held": "hold", "released": "resume", "prioritised": "priority", "reviewed": "retry",
    "paused": "hold", "running": "resume",
}  # fmt: skip
"""What people say to make a row of the history; of one about a whole run, to bring it to that state."""
OTHERWISE = "run"
"""What a row that nobody said a word of needs no less than."""


class Rights:
    """ana loses hers now and then, in the middle of something: what that means for a merge, `Merges` asks."""

    def of_row(self, row: Row) -> Iterator[str]:
        if row.actor not in ROLES or row.actor == "ana":
            return
        verb = VERBS.get(row.after if row.kind == "run" else row.kind, OTHERWISE)
        entry, role = COMMANDS.get(verb), ROLES[row.actor]
        assert entry is not None
        if not suffices(role, entry.needs):
            about = row.task or row.run_id or row.plan_id
            yield f"{row.actor}, whose role is {role}, may not {verb}, and {about} is {row.kind}"
