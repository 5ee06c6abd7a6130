"""Reads of GitHub Actions: runs of workflows, their jobs, and what those have printed.

Nearly all of it is read past the cache: it is wanted once, when something has happened there, or is too large to keep.
"""

from datetime import UTC, datetime
from urllib.parse import urlencode

from services.errors import NotFound
from services.github import said, shapes
from services.github.exchange import Request, decode, repo_path, segment
from services.github.infos import JobInfo, RunInfo
from services.github.places import PAGE
from services.github.reading import Reading

RUN_PAGES = 10
"""GitHub shows no more than a thousand runs of a search."""


class ActionsReads(Reading):
    """The part of `Reads` that is about Actions."""

    async def job_log(self, repo: str, job_id: str) -> bytes:
        """What an Actions job has printed, of much the head and the tail. The id is that of its check run.

        NotFound while it is under way and when it was deleted; Refused when the App was not given `actions: read`.
        """
        path = f"{repo_path(repo)}/actions/jobs/{segment(job_id)}/logs"
        request = Request("GET", path, await self._reader(repo), rank=self._rank, is_text=True)
        return (await self._cache.past(request)).body

    async def job(self, repo: str, job_id: str) -> JobInfo:
        """A job of Actions, as it is now; its id is that of its check run."""
        found = decode(await self._past(repo, f"/actions/jobs/{segment(job_id)}"), said.JobShape)
        return JobInfo(run_id=str(found.run_id), attempt=found.run_attempt)

    async def workflow_run(self, repo: str, run_id: str) -> RunInfo:
        """A workflow run, as it is now."""
        found = decode(await self._past(repo, f"/actions/runs/{segment(run_id)}"), said.RunShape)
        ended = found.conclusion or ""
        return RunInfo(
            id=str(found.id),
            status=found.status or "",
            attempt=found.run_attempt,
            conclusion=ended,
            head_sha=found.head_sha,
            path=found.path,
        )

    async def failed_job(self, repo: str, run_id: str) -> str:
        """The first job of a workflow run's newest attempt that failed, "" for none."""
        path = f"/actions/runs/{segment(run_id)}/jobs?filter=latest&per_page=100"
        found = decode(await self._past(repo, path), said.JobList).jobs
        return next((str(job.id) for job in found if job.conclusion in {"failure", "timed_out"}), "")

    async def run_named(
        self, repo: str, workflow: str, name: str, event: str = "workflow_dispatch", *, since: datetime | None = None
    ) -> str:
        """The run of a workflow, of any if none is named, that was started under this name, "" for none: lists lag.

        since: not before then; of more than a thousand GitHub tells the newest.
        """
        place = f"/actions/workflows/{segment(workflow)}/runs" if workflow else "/actions/runs"
        asked = {"event": event, "per_page": str(PAGE)}
        if since is not None:
            asked["created"] = f">={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for page in range(1, RUN_PAGES + 1):
            path = f"{place}?{urlencode({**asked, 'page': str(page)})}"
            found = decode(await self._past(repo, path), said.RunList).workflow_runs
            run = next((str(run.id) for run in found if run.display_title == name), "")
            if run or len(found) < PAGE:
                return run
        return ""

    async def has_workflows(self, repo: str) -> bool:
        """Has the repository any Actions workflow? Refused when the App was not given `actions: read`."""
        read = await self.read_of(repo, "/actions/workflows?per_page=1", shapes.Total, "workflows")
        try:
            return (await self._get(read))[0].total_count > 0
        except NotFound:
            return False
