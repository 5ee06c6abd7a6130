"""bot/demo/show.py: the lines that a pipe gets."""

import io
from datetime import timedelta

from bot.demo.show import Lines
from services.core.clock import to_text
from services.store.runs import Told
from tests.kit.plans import NOW, run, task


def told(kind: str, task_id: str = "", before: str = "", after: str = "", text: str = "", seconds: float = 0) -> Told:
    at = to_text(NOW + timedelta(seconds=seconds))
    return Told(
        seq=1, run_id="r", task=task_id, at=at, kind=kind, before=before, after=after, actor="ana", text=text
    )  # fmt: skip


def test_a_line_for_each_thing_that_happened() -> None:
    out = io.StringIO()
    news = [
        told("approved", text="0123456789abcdef"),
        told("started", after="running"),
        told("merged", "api", "in_review", "done", seconds=1.04),
        told("pushed", "api", "running", "running", seconds=2),
    ]
    Lines(out).goes_on(run(task("api")), news)
    assert out.getvalue().splitlines() == [
        "   0.0s  plan         approved     version 0123456789ab",
        "   0.0s  plan         started    running",
        "   1.0s  api          merged     in_review -> done",
        "   2.0s  api          pushed     running",
    ]
