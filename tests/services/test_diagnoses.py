"""What failed checks failed of: from the job's log where there is one, read once, else from what the check says."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest

from services.core.failure_patterns import KnownFailure, own_patterns
from services.core.log_lines import WIDTH
from services.core.pull_comment import LINES
from services.engine.diagnoses import Diagnoses
from services.errors import NotFound, Refused, Unreachable
from services.github.infos import CheckInfo
from services.github.reads import Reads
from services.store.job_logs import KEEP, JobLogs
from services.store.retention import Keep, Retention
from tests.core.logs import EXCERPTS
from tests.kit.plans import NOW
from tests.kit.store import Place
from tests.services.test_diagnose import HOSTILE

OWN = own_patterns([KnownFailure(text="1 failed, 11 passed", cls="policy")])
SAID = ("src/cart.ts(12,9): error TS2322: no",)


class Logs:
    """The one read that is needed, counted."""

    def __init__(self, answer: Callable[[], bytes]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answer = answer

    async def job_log(self, repo: str, job_id: str) -> bytes:
        self.asked.append((repo, job_id))
        return self._answer()


def reads(logs: Logs) -> Reads:
    return cast("Reads", logs)


def check(app: str = "github-actions", conclusion: str = "failure") -> CheckInfo:
    return CheckInfo(
        id="9", name="test", app_slug=app, app_id="1", status="completed", conclusion=conclusion, url="", external_id=""
    )


def failing(error: Exception) -> Callable[[], bytes]:
    def answer() -> bytes:
        raise error

    return answer


async def test_a_log_is_read_once_and_little_of_it_is_kept() -> None:
    logs, found = Logs(EXCERPTS["pytest"][1].encode), Diagnoses()
    first = await found.of(reads(logs), "acme/api", check(), SAID, (), NOW)
    assert await found.of(reads(logs), "Acme/API", check(), SAID, (), NOW) is first
    assert logs.asked == [("acme/api", "9")]
    assert first.cls == "test_failure"
    assert 0 < len(first.evidence) <= LINES


async def test_what_was_read_is_kept_for_other_processes(place: Place) -> None:
    database = place.database()
    await database.open()
    logs, kept = Logs(EXCERPTS["pytest"][1].encode), JobLogs(database)
    first = await Diagnoses(kept).of(reads(logs), "acme/api", check(), SAID, (), NOW)
    again = await Diagnoses(kept).of(reads(logs), "Acme/API", check(), SAID, OWN, NOW)
    assert (first.cls, again.cls) == ("test_failure", "policy"), "by the lines, not by what was found in them"
    assert logs.asked == [("acme/api", "9")]
    await Retention(database, Keep(logs=timedelta(days=2))).tidy(NOW + timedelta(days=1))
    assert await kept.find("acme/api", "9") is not None
    await Retention(database, Keep(logs=timedelta(days=2))).tidy(NOW + timedelta(days=3))
    assert await kept.find("acme/api", "9") is None
    await database.write(lambda c: c.execute(KEEP, ("acme/api", "7", "2026", b"no zstd")))
    assert await kept.find("acme/api", "7") is None
    await database.close()


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_log_from_the_api_gives_little(name: str) -> None:
    logs = Logs(lambda: HOSTILE[name] + b"\n" + EXCERPTS["pytest"][1].encode())
    told = await Diagnoses().of(reads(logs), "acme/api", check(), SAID, (), NOW)
    assert told.cls == "test_failure"
    assert len(told.evidence) <= LINES
    assert all(len(line.text) <= WIDTH for line in told.evidence)


async def test_a_repositorys_own_patterns_count() -> None:
    logs, found = Logs(EXCERPTS["pytest"][1].encode), Diagnoses()
    assert (await found.of(reads(logs), "acme/api", check(), (), (), NOW)).cls == "test_failure"
    assert (await found.of(reads(logs), "acme/api", check(), (), OWN, NOW)).cls == "policy"


@pytest.mark.parametrize(
    ("error", "asked"), [(Refused(403, "no"), 1), (NotFound(404, "not yet"), 2), (Unreachable(0, "gone"), 2)]
)
async def test_without_a_log_the_annotations_tell_and_are_not_repeated(error: Exception, asked: int) -> None:
    logs, found = Logs(failing(error)), Diagnoses()
    for _ in range(2):
        told = await found.of(reads(logs), "acme/api", check(), SAID, (), NOW)
        assert (told.cls, told.evidence) == ("build", ())
    assert len(logs.asked) == asked


async def test_other_apps_have_no_log_and_a_conclusion_may_tell() -> None:
    logs, found = Logs(failing(AssertionError())), Diagnoses()
    told = await found.of(reads(logs), "acme/api", check("other-ci", "timed_out"), (), (), NOW)
    assert (told.cls, logs.asked) == ("timeout", [])


async def test_an_empty_log_leaves_the_annotations() -> None:
    told = await Diagnoses().of(reads(Logs(lambda: b"")), "acme/api", check(), SAID, (), NOW)
    assert told.cls == "build"


async def test_a_log_that_is_not_there_yet_is_late_for_a_while_and_then_there_is_none() -> None:
    found, logs = Diagnoses(), Logs(failing(NotFound(404, "not yet")))

    async def late(seconds: float, check: CheckInfo) -> bool:
        now = NOW + timedelta(seconds=seconds)
        return (await found.look(reads(logs), "acme/api", check, SAID, (), now, 120.0))[1]

    assert [await late(seconds, check()) for seconds in (0, 60, 119, 120, 900)] == [True, True, True, False, False]
    assert len(logs.asked) == 4, "there is none, and nobody asks again"
    assert not await late(0, check("other-ci"))
    logs = Logs(EXCERPTS["pytest"][1].encode)
    told, is_late = await Diagnoses().look(reads(logs), "acme/api", check(), SAID, (), NOW, 120.0)
    assert (told.cls, is_late) == ("test_failure", False)
