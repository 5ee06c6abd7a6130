"""The pages: complete in the first HTML answer, no script needed, nothing from another host.

What they show comes from the store alone, so a page never costs an API call. Titles and reasons are other people's
text: Jinja escapes every value, and the content security policy forbids inline script and style."""

from importlib import resources

import jinja2
from aiohttp import web

from bot.web.health import Health
from services.core import graph
from services.core.clock import Clock
from services.core.conduct import Run
from services.core.report import ICONS, WORDS, progress
from services.engine.engine import Engine
from services.github import GitHub
from services.metrics import Metrics
from services.store.db import Database
from services.store.inbox import Inbox
from services.store.plans import PlanRow

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TASKS_SHOWN = 200


def add_to(
    app: web.Application,
    *,
    engine: Engine,
    inbox: Inbox,
    database: Database,
    metrics: Metrics,
    github: GitHub,
    clock: Clock,
    html: str,
) -> None:
    """Add every route; `html` is where GitHub's own pages are."""
    health = Health(database=database, inbox=inbox, metrics=metrics, github=github, clock=clock)
    pages = Pages(engine, html)
    app.router.add_get("/", pages.overview)
    app.router.add_get("/plans/{owner}/{repo}/{number:[0-9]{1,9}}", pages.plan)
    app.router.add_get("/static/lockstep.css", pages.style)
    app.router.add_get("/healthz", health.live)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", health.metrics)


class Pages:
    """Renders plans and their tasks."""

    def __init__(self, engine: Engine, html: str) -> None:
        self._engine = engine
        loader = jinja2.PackageLoader("bot.web")
        self._templates = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals.update(
            icons=ICONS, words=WORDS, progress=progress, html=html.rstrip("/"), shown=TASKS_SHOWN
        )
        self._css = resources.files("bot.web").joinpath("static/lockstep.css").read_bytes()

    async def overview(self, _: web.Request) -> web.Response:
        plans = await self._engine.plans()
        return self._page("overview.html", plans=[_shown(row, run) for row, run in plans])

    async def plan(self, request: web.Request) -> web.Response:
        where = request.match_info
        found = await self._engine.stored(f"{where['owner']}/{where['repo']}#{where['number']}")
        if found is None:
            return self._page("missing.html", status=404)
        row, run = found
        return self._page("plan.html", plan=_shown(row, run), history=await self._engine.history(row.id))

    async def style(self, _: web.Request) -> web.Response:
        return web.Response(
            body=self._css, headers={"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=300"}
        )

    def _page(self, template: str, *, status: int = 200, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(**values)
        return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def _shown(row: PlanRow, run: Run | None) -> dict[str, object]:
    """A plan as the templates want it. `asks`: tasks that wait for a person."""
    plan = run.plan if run is not None else row.parsed.plan
    tasks = [(task, run.tasks[task.id] if run is not None else None) for task in plan.tasks] if plan is not None else []
    state = (
        run.state
        if run is not None
        else "approved"
        if row.is_approved
        else "waits for approval"
        if plan is not None
        else "has problems"
    )
    return {
        "row": row,
        "run": run,
        "state": state,
        "tasks": tasks,
        "critical": frozenset(graph.critical_path(plan, lambda task: float(task.timeout)))
        if plan is not None
        else frozenset(),
        "asks": [(task, now) for task, now in tasks if now is not None and now.state in {"needs_human", "failed"}],
        "problems": row.parsed.errors,
    }
