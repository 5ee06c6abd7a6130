"""What failed checks are found to have failed of, remembered: a job's log is read once.

The log of a job never changes: who runs a check again gets a new one with a new id. It is large and foreign: what is
looked at of it is bounded, and that alone is kept, for a while. A job's end may be told before its log is there: for
a while that is late, and afterwards there is none.
"""

from collections.abc import Sequence
from datetime import datetime

from cachetools import LRUCache

from services.core.classify import diagnose
from services.core.failure_facts import Facts
from services.core.failure_patterns import Pattern
from services.core.failures import Diagnosis
from services.core.log_lines import Log, read_log
from services.core.pull_comment import LINES
from services.errors import NotFound, Refused, Unreachable
from services.github.infos import CheckInfo
from services.github.reads import Reads
from services.store.job_logs import JobLogs

ACTIONS = "github-actions"
REMEMBERED = 500


class Diagnoses:
    """Diagnoses by check run. logs: where what was read is kept; None to keep nothing."""

    def __init__(self, logs: JobLogs | None = None) -> None:
        self._logs = logs
        self._found: LRUCache[tuple[str, str, Sequence[Pattern]], Diagnosis] = LRUCache(REMEMBERED)
        self._missed: LRUCache[tuple[str, str], datetime] = LRUCache(REMEMBERED)  # when a log was first not there

    async def look(
        self,
        reads: Reads,
        repo: str,
        check: CheckInfo,
        said: tuple[str, ...],
        own: tuple[Pattern, ...],
        now: datetime,
        patience: float,
    ) -> tuple[Diagnosis, bool]:
        """The same as `of`, and whether its log may still come, so many seconds after it was first asked for."""
        found = await self.of(reads, repo, check, said, own, now)
        if check.app_slug != ACTIONS or (repo.lower(), check.id, own) in self._found:
            return found, False
        missed = self._missed.setdefault((repo.lower(), check.id), now)
        if (now - missed).total_seconds() < patience:
            return found, True
        self._found[(repo.lower(), check.id, own)] = found  # there is none, or it can't be had: nobody asks again
        return found, False

    async def of(
        self,
        reads: Reads,
        repo: str,
        check: CheckInfo,
        said: tuple[str, ...],
        own: tuple[Pattern, ...],
        now: datetime,
    ) -> Diagnosis:
        """From the log where Actions ran it and lets us read it; else from what the check says about lines."""
        facts = Facts(conclusion=check.conclusion, annotations=said)
        if check.app_slug != ACTIONS:
            return _without_log(facts, own)
        key = (repo.lower(), check.id, own)
        if key not in self._found:
            try:
                log = await self._log(reads, repo, check.id, now)
            except Refused:
                self._found[key] = _without_log(facts, own)
            except (NotFound, Unreachable):  # not there yet, or not to be had now: the next look asks again
                return _without_log(facts, own)
            else:
                self._found[key] = diagnose(log, facts, own, brief=LINES) if log.lines else _without_log(facts, own)
        return self._found[key]

    async def _log(self, reads: Reads, repo: str, job_id: str, now: datetime) -> Log:
        """What is looked at of a job's log, from where it was kept if it was."""
        kept = await self._logs.find(repo, job_id) if self._logs is not None else None
        if kept is not None:
            return kept
        log = read_log(await reads.job_log(repo, job_id))
        if self._logs is not None and log.lines:
            await self._logs.keep(repo, job_id, log, now)
        return log


def _without_log(facts: Facts, own: tuple[Pattern, ...]) -> Diagnosis:
    """Without lines: what the annotations say is shown already."""
    found = diagnose(facts=facts, own=own)
    return Diagnosis(cls=found.cls, confidence=found.confidence, signature=found.signature, strategy=found.strategy)
