"""Real processes, killed at drawn moments: nothing is lost, nothing is there twice. `benchmarks crash` kills far more."""

from pathlib import Path

from services.sandbox.scenario import AppCredentials
from tests.kit.crash.hosts import Host, One
from tests.kit.crash.judge import Steps
from tests.kit.crash.moments import PLACES, deck, drawn, kind_of
from tests.kit.crash.tour import tour

KILLS = 12


async def test_kill_9_again_and_again(tmp_path: Path) -> None:
    def new_host(folder: Path, app: AppCredentials) -> Host:
        return One(folder, app)

    found = await tour(tmp_path, new_host, kills=KILLS, seed=7, say=print)
    assert sum(found.kills.values()) == KILLS
    assert found.tasks >= 12
    assert not (found.lost + found.doubled + found.repeated + found.out_of_order + found.unlike_github + found.errors)


def test_every_kind_of_moment_comes_before_one_comes_twice() -> None:
    strikes = drawn(1)
    first = [next(strikes) for _ in deck()]
    assert sorted((strike.kind, strike.place) for strike in first) == sorted(deck())
    assert {strike.place for strike in first} == set(PLACES)
    assert [next(drawn(1)).kind for _ in range(3)] == [first[0].kind] * 3


def test_requests_are_told_apart() -> None:
    assert kind_of("POST", "/repos/acme/api/issues") == "issue"
    assert kind_of("POST", "/repos/acme/api/issues/7/comments") == "comment"
    assert kind_of("PATCH", "/repos/acme/api/issues/comments/7") == "edit"
    assert kind_of("PUT", "/repos/acme/api/pulls/3/merge") == "merge"
    assert kind_of("DELETE", "/repos/acme/api/git/refs/heads/lockstep/plan-1/a") == "branch"
    assert kind_of("GET", "/acme/api.git/info/refs?service=git-receive-pack") == "git look"
    assert kind_of("GET", "/repos/acme/api/pulls/3?x=y") == "read"
    assert kind_of("POST", "/somewhere/else") == ""


def test_a_finished_step_that_runs_again_is_seen() -> None:
    steps = Steps()
    for step in ("agent began", "agent began", "verify began", "verify began", "push"):
        steps.began(step, "a")  # cut short and begun again: nothing was finished
    steps.pushed("a")
    assert steps.repeated == []
    steps.began("verify began", "a")
    steps.pushed("a")
    steps.began("agent began", "b")
    assert steps.repeated == ["a: verify began again, after push", "a: pushed again"]
