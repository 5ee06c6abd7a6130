"""What reviews have taught: lessons to decide about, and those that agents are told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from bot.web.listing import Choice
from bot.web.views import Link, Places
from services.core.lessons import Lesson, State, Verb
from services.core.spans import Span, code_spans
from services.core.text import visible

STATES: dict[State, str] = {"proposed": "To decide", "active": "In use", "vetoed": "Refused", "retired": "Retired"}
LOOKS: dict[State, str] = {"proposed": "needs_human", "active": "done", "vetoed": "cancelled", "retired": "skipped"}
VERBS: dict[State, tuple[Verb, ...]] = {
    "proposed": ("approve", "veto"),
    "active": ("retire",),
    "vetoed": ("approve", "delete"),
    "retired": ("approve", "delete"),
}
"""What can be done about a lesson in each state."""


class LessonLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson. plan: the one that it was learned in, "" where that is not known; verbs: what can be done, and the
    command that does it.
    """

    id: str
    text: tuple[Span, ...]
    repo: Link
    source: Link
    state: str
    word: str
    by: str
    uses: int
    plan: str
    verbs: tuple[tuple[Verb, str], ...]


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page."""

    lines: tuple[LessonLine, ...]
    choices: tuple[Choice, ...]
    state: str
    older: str


def learning(
    lessons: Sequence[Lesson],
    counts: Sequence[tuple[str, str, int]],
    state: str,
    places: Places,
    homes: Mapping[str, str],
    older: str = "",
) -> Learning:
    """Lessons in `state`; counts: (repository, state, how many) of all; homes: source -> the plan; older: where the
    list goes on, "" for its end.
    """
    totals: Counter[str] = Counter()
    for _, each, count in counts:
        totals[each] += count
    return Learning(
        lines=tuple(_line(lesson, places, homes.get(lesson.source, "")) for lesson in lessons),
        choices=tuple(
            Choice(
                name=name,
                count=f"{totals[each] if each else sum(totals.values()):,}",
                url=f"/learning?{urlencode({'state': each or 'all'})}",
                chosen=each == state,
            )
            for each, name in [*STATES.items(), ("", "All")]
        ),
        state=state,
        older=f"/learning?{urlencode({'state': state or 'all', 'before': older})}" if older else "",
    )


def _line(lesson: Lesson, places: Places, plan_id: str) -> LessonLine:
    repo, _, number = lesson.source.rpartition("#")
    known = repo and number.isdigit()
    return LessonLine(
        id=lesson.id,
        text=code_spans(visible(lesson.text, 600)),
        repo=places.repo(lesson.repo),
        source=Link(text=lesson.source, url=places.pull(repo, int(number)).url if known else ""),
        state=LOOKS[lesson.state],
        word=lesson.state,
        by=lesson.by,
        uses=lesson.uses,
        plan=places.plan_of(plan_id) if plan_id else "",
        verbs=tuple((verb, f"/lockstep lesson {verb} {lesson.id}") for verb in VERBS[lesson.state]),
    )
