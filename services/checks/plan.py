"""`lockstep/plan`, informational: which plan and task this pull request belongs to, and how far the plan is."""

from services.checks import CHECKS
from services.core.board import Run
from services.core.messages import plan_place
from services.core.names import CHECK_PLAN
from services.core.report import Button, CheckReport, progress, progress_in_words, skipped_in_words
from services.core.task_state import TaskState
from services.core.text import code, plain

BUTTONS = (
    Button(label="Retry", description="Start the failed task again", identifier="retry"),
    Button(label="Hold", description="Neither start nor merge this task", identifier="hold"),
    Button(label="Resume", description="Go on with this task after a hold", identifier="resume"),
)


def plan(run: Run, task: TaskState, hidden: frozenset[str]) -> CheckReport:
    """Neutral on purpose: it tells, it never blocks."""
    done, skipped, total = progress(run)
    spec = run.plan.by_id[task.id]
    summary = (
        f"Task {code(task.id)} ({plain(spec.title)}) of {plan_place(run, hidden)}, attempt {task.attempt}.\n\n"
        f"{done} of {total} tasks are done{skipped_in_words(skipped)}."
    )
    return CheckReport(
        status="completed",
        conclusion="neutral",
        title=progress_in_words(run),
        summary=summary,
        buttons=BUTTONS,
    )


CHECKS.add(CHECK_PLAN, plan)
