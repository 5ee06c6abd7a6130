"""Metrics: named lockstep_*, few labels, each registry on its own."""

from collections import Counter

from services.github import GitHub
from services.metrics import GITHUB as SHOWN
from services.metrics import READS, TOLD, Metrics, event_label
from services.store.totals import Totals
from tests.kit.fakehub import HandClock
from tests.services.test_github_auth import pem


def test_every_metric_is_named_for_us() -> None:
    names = [metric.name for metric in Metrics().registry.collect()]
    assert names
    assert all(name.startswith(("lockstep_", "process_")) for name in names)


def test_a_name_from_a_header_becomes_no_label() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.received(f"made_up_{number}", "stored")
    metrics.received("issues", "stored")
    metrics.received("", "refused")
    text = metrics.text().decode()
    assert 'lockstep_deliveries_total{event="other",outcome="stored"} 100.0' in text
    assert 'lockstep_deliveries_total{event="issues",outcome="stored"} 1.0' in text
    assert 'lockstep_deliveries_total{event="other",outcome="refused"} 1.0' in text
    assert "made_up" not in text
    assert event_label("pull_request") == "pull_request"


def test_what_became_of_deliveries_and_how_late() -> None:
    metrics = Metrics()
    metrics.dispatched("issues", "handled", 0.2)
    metrics.dispatched("issues", "failed", 40.0)
    metrics.inbox(3, 12.5)
    text = metrics.text().decode()
    assert 'lockstep_deliveries_settled_total{event="issues",outcome="failed"} 1.0' in text
    assert 'lockstep_delivery_lag_seconds_bucket{le="0.5"} 1.0' in text
    assert "lockstep_delivery_lag_seconds_count 2.0" in text
    assert "lockstep_inbox_waiting 3.0" in text
    assert "lockstep_inbox_oldest_seconds 12.5" in text


def test_two_registries_do_not_share_counts() -> None:
    one, other = Metrics(), Metrics()
    one.received("issues", "stored")
    assert b'event="issues"' not in other.text()


def test_reading_github_is_counted_when_somebody_looks() -> None:
    metrics, figures = Metrics(), Counter[str]()
    metrics.github(lambda: figures)
    figures.update(hit=3, predicted=2, primed=1, charged=5, bytes=700)
    text = metrics.text().decode()
    assert 'lockstep_github_reads_total{mode="hit"} 3.0' in text
    assert 'lockstep_github_reads_total{mode="predicted"} 2.0' in text
    assert 'lockstep_github_told_total{mode="primed"} 1.0' in text
    assert "lockstep_github_charged_total 5.0" in text
    assert "lockstep_github_cache_bytes 700.0" in text
    figures["hit"] = 4
    assert 'lockstep_github_reads_total{mode="hit"} 4.0' in metrics.text().decode()


def test_the_client_counts_all_that_is_shown() -> None:
    github = GitHub("https://api.github.test", "1", pem(), HandClock())
    assert {*READS, *TOLD, *SHOWN, "bytes", "writes"} == set(github.figures)


def test_what_became_of_attempts_and_repairs() -> None:
    metrics = Metrics()
    metrics.agents(["script"])
    before = metrics.text().decode()
    assert 'lockstep_attempts_total{agent="script",outcome="begun"} 0.0' in before, "the first would be no increase"
    assert 'lockstep_failures_total{class="timeout"} 0.0' in before
    assert 'lockstep_recoveries_total{outcome="worked",strategy="rerun_failed"} 0.0' in before
    metrics.tried("script", "begun")
    metrics.failed("timeout")
    metrics.recovered("rerun_failed", "worked")
    text = metrics.text().decode()
    assert 'lockstep_attempts_total{agent="script",outcome="begun"} 1.0' in text
    assert 'lockstep_failures_total{class="timeout"} 1.0' in text
    assert 'lockstep_recoveries_total{outcome="worked",strategy="rerun_failed"} 1.0' in text


def test_an_agent_that_a_plan_makes_up_becomes_no_label() -> None:
    metrics = Metrics()
    metrics.agents(["script"])
    for number in range(100):
        metrics.tried(f"made_up_{number}", "begun")
    metrics.stored(
        Totals(attempts={("made_up_1", "failed"): 2, ("made_up_2", "failed"): 3, ("script", "failed"): 1}), 0
    )
    text = metrics.text().decode()
    assert 'lockstep_attempts_total{agent="other",outcome="begun"} 100.0' in text
    assert 'lockstep_attempts_on_record{agent="other",outcome="failed"} 5.0' in text
    assert 'lockstep_attempts_on_record{agent="script",outcome="failed"} 1.0' in text
    assert "made_up" not in text


def test_how_long_things_take() -> None:
    metrics = Metrics()
    metrics.lasted("task", 240.0)
    text = metrics.text().decode()
    assert 'lockstep_duration_seconds_bucket{le="300.0",of="task"} 1.0' in text
    assert 'lockstep_duration_seconds_bucket{le="60.0",of="task"} 0.0' in text
