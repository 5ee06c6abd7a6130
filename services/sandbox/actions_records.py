"""The rows of Actions: workflow files that were seen, their runs, and the jobs of those."""

import msgspec


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """As state.Record; rows are filed under their database ids."""


class Workflow(Row):
    """A workflow file that has been seen on some branch; runs are numbered per workflow."""

    id: int
    repo_id: int
    path: str
    name: str
    created_at: str
    updated_at: str
    last_number: int = 0


class Attempt(Row):
    """An attempt of a workflow run that a rerun has replaced."""

    jobs: list[int]
    conclusion: str | None
    started_at: str
    updated_at: str
    actor: str


class WorkflowRun(Row):
    id: int
    repo_id: int
    workflow_id: int
    workflow_path: str
    name: str
    event: str
    head_sha: str
    head_branch: str
    run_number: int
    suite_id: int
    actor: str
    created_at: str
    updated_at: str
    title: str = ""
    ref: str = ""  # refs/heads/x, or refs/pull/n/merge
    base_ref: str = ""  # of a pull request
    pull_number: int = 0
    head_repo_id: int = 0
    checkout_sha: str = (
        ""  # what jobs see and where the workflow file is read: the pushed commit, or the merge of a pull request
    )
    triggering_actor: str = ""
    started_at: str = ""  # of this attempt
    run_attempt: int = 1
    status: str = "queued"
    conclusion: str | None = None
    jobs: list[int] = []  # of the newest attempt
    earlier: list[Attempt] = []
    inputs: dict[str, object] = {}
    payload: dict[str, object] = {}  # `github.event`
    problem: str = ""  # why it could not start


class Step(Row):
    number: int
    name: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    log_from: int = 0  # its part of the job's log, in characters
    log_to: int = 0


class Job(Row):
    """One job of a workflow run; its check run has the same id, as on GitHub. The log lies beside, in `State.logs`."""

    id: int
    run_id: int
    run_attempt: int
    key: str
    name: str
    created_at: str
    needs: list[str] = []
    matrix: dict[str, object] = {}
    labels: list[str] = []
    outputs: dict[str, str] = {}
    status: str = "queued"
    conclusion: str | None = None
    tolerated: bool = False  # continue-on-error: its failure fails nothing else
    started_at: str | None = None
    completed_at: str | None = None
    steps: list[Step] = []
