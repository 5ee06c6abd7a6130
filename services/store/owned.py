"""PgQueuer's questions about pieces that are being carried out, asked only about those that are still this process's.

PgQueuer finds a piece by its number alone. So a worker that stood still, and whose piece was handed to another, would
delete, hand back or keep alive what the other works on when it comes back. Here each of these three also asks whose
the piece is.
"""

from datetime import timedelta

from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.types import JOB_STATUS, JobId, QueueManagerId
from pgqueuer.queries import Queries

BEAT = "UPDATE lockstep_queue SET heartbeat = now() WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2"
END = """
WITH told AS (
    SELECT unnest($1::bigint[]) AS id, unnest($2::lockstep_queue_status[]) AS status, unnest($3::jsonb[]) AS traceback
), gone AS (
    DELETE FROM lockstep_queue q USING told WHERE q.id = told.id AND q.queue_manager_id = $4
    RETURNING q.id, told.status, q.entrypoint, q.priority, told.traceback
)
INSERT INTO lockstep_queue_log (job_id, status, entrypoint, priority, traceback) SELECT * FROM gone
"""
AGAIN = """
WITH back AS (
    UPDATE lockstep_queue SET status = 'queued', execute_after = now() + $2::interval, attempts = attempts + 1,
        updated = now(), queue_manager_id = NULL, slot = NULL
    WHERE id = $1::bigint AND queue_manager_id = $4
    RETURNING id, entrypoint, priority
)
INSERT INTO lockstep_queue_log (job_id, status, entrypoint, priority, traceback)
SELECT id, 'queued', entrypoint, priority, $3::jsonb FROM back
"""


class OwnedQueries(Queries):
    """`owner`: the QueueManager whose pieces these are; set before it runs."""

    owner: QueueManagerId

    async def update_heartbeat(self, job_ids: list[JobId]) -> None:
        await self.driver.execute(BEAT, list(set(job_ids)), self.owner)

    async def log_jobs(self, job_status: list[tuple[Job, JOB_STATUS, TracebackRecord | None]]) -> None:
        """What ended leaves the queue. None is kept as failed here: no entrypoint of ours asks for that."""
        jobs, states, traces = zip(*job_status, strict=True)
        told = [trace.model_dump_json() if trace else None for trace in traces]
        await self.driver.execute(END, [job.id for job in jobs], list(states), told, self.owner)

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        told = traceback_record.model_dump_json() if traceback_record else None
        await self.driver.execute(AGAIN, job.id, delay, told, self.owner)
