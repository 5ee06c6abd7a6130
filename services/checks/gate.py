"""`lockstep/gate`, the one check to require: are all needs of this pull request met?"""

from services.checks import CHECKS
from services.core.board import Run
from services.core.machine import TaskState
from services.core.messages import named
from services.core.names import CHECK_GATE
from services.core.report import CheckReport, unmet
from services.core.text import code


def gate(run: Run, task: TaskState, hidden: frozenset[str]) -> CheckReport:
    """Green exactly when every task this one needs has merged or was skipped."""
    needs = run.plan.by_id[task.id].needs
    missing = unmet(run, task)
    if missing:
        return CheckReport(
            status="in_progress",
            title=f"Waits for {len(missing)} of {len(needs)} needs",
            summary=f"Not merged yet: {named(run, missing, hidden)}.",
        )
    if not needs:
        return CheckReport(
            status="completed", conclusion="success", title="Needs nothing", summary="This task needs no other task."
        )
    shown = [need for need in needs if run.plan.by_id[need].repo not in hidden]
    lines = [f"- {code(need)} {_where(run, need)}" for need in shown]
    lines += ["- work elsewhere"] if len(shown) < len(needs) else []
    title = "Its need has merged" if len(needs) == 1 else f"All {len(needs)} needs have merged"
    return CheckReport(status="completed", conclusion="success", title=title, summary="\n".join(lines))


def _where(run: Run, need: str) -> str:
    met = run.tasks[need]
    place = f"{run.plan.by_id[need].repo}#{met.pull}" if met.pull else "was done before the run"
    return f"{place} as {met.merge_sha[:10]}" if met.merge_sha else place


CHECKS.add(CHECK_GATE, gate)
