"""Who moved which branch when: a repository's activity, newest first unless asked otherwise, paged by cursor."""

from datetime import timedelta

from services.sandbox import views
from services.sandbox.call import Call
from services.sandbox.clock import stamp
from services.sandbox.kernel import Json, Problem, route
from services.sandbox.state import Activity

KINDS = ("push", "force_push", "branch_creation", "branch_deletion", "pr_merge", "merge_queue_merge")
DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}
WAYS = ("asc", "desc")


@route("GET", "/repos/{owner}/{repo}/activity", need="contents:read")
def list_activities(call: Call) -> Json:
    repo = call.repo()
    rows = [row for row in repo.activities if _is_wanted(call, row)]
    if _chosen(call, "direction", WAYS) != "asc":
        rows.reverse()
    size = max(1, min(_number(call.query.get("per_page"), 30), 100))
    begin = next((at + 1 for at, row in enumerate(rows) if str(row.id) == call.query.get("after")), 0)
    if (end := next((at for at, row in enumerate(rows) if str(row.id) == call.query.get("before")), None)) is not None:
        begin = max(0, end - size)
    if begin + size < len(rows):
        call.link_cursor(str(rows[begin + size - 1].id), "after")
    return [_shown(call, row) for row in rows[begin : begin + size]]


def _is_wanted(call: Call, row: Activity) -> bool:
    ref, actor = call.query.get("ref", ""), call.query.get("actor", "").lower()
    period, kind = _chosen(call, "time_period", tuple(DAYS)), _chosen(call, "activity_type", KINDS)
    since = stamp(call.sandbox.now() - timedelta(days=DAYS[period])) if period else ""
    return (
        (not ref or row.ref in {ref, f"refs/heads/{ref}"})
        and (not actor or row.actor.lower() == actor)
        and (not kind or row.kind == kind)
        and row.timestamp >= since
    )


def _chosen(call: Call, name: str, words: tuple[str, ...]) -> str:
    said = call.query.get(name, "")
    if said and said not in words:
        raise Problem(422, f"Invalid value for {name}: it is one of {', '.join(words)}")
    return said


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default


def _shown(call: Call, row: Activity) -> Json:
    who = views.account(call.state, row.actor)
    return {
        "id": row.id,
        "node_id": views.node_id("PSH", row.id),
        "before": row.before,
        "after": row.after,
        "ref": row.ref,
        "timestamp": row.timestamp,
        "activity_type": row.kind,
        "actor": None if who is views.GHOST else views.user(call.base, who),
    }
