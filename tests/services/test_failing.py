"""What is known of failed checks: their logs and, where it may be the base's fault, how that stands."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.core.failures import Diagnosis, FailureClass, Shown
from services.core.repairs import Failure
from services.engine.failing import failures
from services.github.infos import AnnotationInfo, CheckInfo
from tests.kit.plans import NOW

HEAD, BASE, BEFORE = "a" * 40, "b" * 40, "c" * 40


def check(name: str = "test", conclusion: str = "failure", slug: str = "github-actions") -> CheckInfo:
    return CheckInfo(
        id="9", name=name, app_slug=slug, app_id="1", status="completed" if conclusion else "queued",
        conclusion=conclusion, url="", external_id="",
    )  # fmt: skip


class Reads:
    """A base branch with these checks, and what it was asked for."""

    def __init__(
        self,
        *base: CheckInfo,
        tip: str | None = BASE,
        before: tuple[CheckInfo, ...] = (),
        same: tuple[CheckInfo, ...] = (),
    ) -> None:
        self._base, self._tip, self._before, self._same = base, tip, before, same
        self.asked: list[str] = []

    async def file(self, *_: Any, **__: Any) -> None:
        return None

    async def annotations(self, *_: str) -> tuple[AnnotationInfo, ...]:
        return (AnnotationInfo(path="a.py", line=1, level="failure", title="", message="said"),)

    async def branch(self, _: str, name: str) -> str | None:
        self.asked.append(name)
        return self._tip

    async def checks(self, _: str, sha: str) -> tuple[CheckInfo, ...]:
        self.asked.append(sha)
        return self._before if sha == BEFORE else self._base

    async def commit(self, _: str, sha: str) -> SimpleNamespace:
        return SimpleNamespace(parents=(BEFORE,) if sha == BASE else ())

    async def check_runs(self, *_: str, only: str) -> tuple[CheckInfo, ...]:
        return tuple(msgspec.structs.replace(each, name=only) for each in self._same)


async def found(
    monkeypatch: pytest.MonkeyPatch,
    reads: Reads,
    cls: FailureClass,
    checks: Sequence[CheckInfo],
    passed: Sequence[str] = (),
) -> tuple[Failure, ...]:
    async def config_of(*_: object) -> SimpleNamespace:
        return SimpleNamespace(failures=())

    async def look(*_: object) -> tuple[Diagnosis, bool]:
        return Diagnosis(cls=cls, signature=f"{cls}: x", evidence=(Shown(3, "E boom"),)), False

    async def passed_again(_: str) -> frozenset[str]:
        return frozenset(passed)

    monkeypatch.setattr("services.engine.failing.config_of", config_of)
    parts: Any = SimpleNamespace(
        diagnoses=SimpleNamespace(look=look),
        recoveries=SimpleNamespace(passed_again=passed_again),
        clock=SimpleNamespace(now=lambda: NOW),
        settings=SimpleNamespace(checks_grace=60.0),
    )
    return await failures(parts, reads, "acme/api", HEAD, "main", checks)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "stands"),
    [
        ((check(),), "failed"),
        ((check(conclusion="success"),), "passed"),
        ((check(conclusion=""),), "pending"),
        ((check("lint"),), ""),
    ],
)
async def test_how_the_same_check_stands_on_the_base(
    monkeypatch: pytest.MonkeyPatch, base: tuple[CheckInfo, ...], stands: str
) -> None:
    (one,) = await found(monkeypatch, Reads(*base), "test_failure", [check()])
    assert (one.base, one.base_sha) == (stands, BASE)
    assert (one.check, one.id, one.signature, one.evidence, one.jobs) == (
        "test", "9", "test_failure: x", ("E boom",), True,
    )  # fmt: skip


async def test_the_base_is_not_asked_when_the_machine_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads(check())
    (one,) = await found(monkeypatch, reads, "runner", [check(slug="other-ci")])
    assert (one.base, one.jobs, reads.asked) == ("", False, [])


async def test_a_base_that_is_gone_tells_nothing_and_many_failures_are_a_persons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (one,) = await found(monkeypatch, Reads(tip=None), "build", [check()])
    assert one.base == ""
    assert await found(monkeypatch, Reads(), "build", [check(str(n)) for n in range(6)]) == ()


@pytest.mark.parametrize(("before", "by"), [("success", BASE), ("failure", ""), ("", "")])
async def test_the_commit_that_broke_the_base_is_the_one_after_which_it_failed(
    monkeypatch: pytest.MonkeyPatch, before: str, by: str
) -> None:
    (one,) = await found(monkeypatch, Reads(check(), before=(check(conclusion=before),)), "build", [check()])
    assert (one.base, one.broke_by) == ("failed", by)


@pytest.mark.parametrize(
    ("cls", "same", "passed", "becomes"),
    [
        ("test_failure", (), (), "test_failure"),
        ("test_failure", (), ("x",), "flaky_test"),
        ("test_failure", (check(conclusion="success"),), (), "test_failure"),  # it is the run itself
        ("unknown", (msgspec.structs.replace(check(conclusion="success"), id="7"),), (), "flaky_test"),
        ("build", (), ("x",), "build"),
    ],
)
async def test_what_has_passed_on_the_same_commit_is_flaky(
    monkeypatch: pytest.MonkeyPatch, cls: FailureClass, same: tuple[CheckInfo, ...], passed: Sequence[str], becomes: str
) -> None:
    (one,) = await found(monkeypatch, Reads(same=same), cls, [check()], passed)
    assert one.cls == becomes
