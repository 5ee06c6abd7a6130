"""Logs of CI's jobs that failed, read once: what is looked at of each, compressed, for as long as it is kept.

Only those lines are kept: the head, the tail, and what shouts in between (`core/log_lines.py`), so that one takes a few
kilobytes, whatever the log has. After a restart, or in another process, it is not asked for again.
"""

from datetime import datetime

import msgspec
import zstandard

from services.core.clock import to_text
from services.core.log_lines import Log
from services.store.db import Connection, Database

LARGEST = 16_000_000
"""Bytes of one as JSON; what is looked at of a log comes to less by far."""
FIND = "SELECT lines FROM job_log WHERE repo = ? AND id = ?"
KEEP = "INSERT INTO job_log (repo, id, at, lines) VALUES (?, ?, ?, ?) ON CONFLICT (repo, id) DO NOTHING"
DROP = "DELETE FROM job_log WHERE (repo, id) IN (SELECT repo, id FROM job_log WHERE at < ? LIMIT ?)"


class JobLogs(msgspec.Struct, frozen=True):
    """The table `job_log`."""

    db: Database

    async def find(self, repo: str, job_id: str) -> Log | None:
        """What was kept, None where nothing was, or what was can't be read."""
        row = await self.db.read(lambda c: c.execute(FIND, (repo.lower(), job_id)).fetchone())
        if row is None:
            return None
        try:
            return msgspec.json.decode(
                zstandard.ZstdDecompressor().decompress(bytes(row[0]), max_output_size=LARGEST), type=Log
            )
        except (zstandard.ZstdError, msgspec.DecodeError):
            return None

    async def keep(self, repo: str, job_id: str, log: Log, now: datetime) -> None:
        """Keep it, unless it is there already."""
        packed = zstandard.ZstdCompressor(level=3).compress(msgspec.json.encode(log))
        row = (repo.lower(), job_id, to_text(now), packed)
        await self.db.write(lambda c: c.execute(KEEP, row))


def drop(c: Connection, before: str, most: int) -> int:
    """One step of retention."""
    return c.execute(DROP, (before, most)).rowcount
