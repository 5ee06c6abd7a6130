"""What an operator can watch: counters and gauges named `lockstep_*`, in a registry object that is handed around.

Labels stay few: an event's name comes from a header that GitHub does not sign, and an agent's from a plan, so unknown
ones are counted as `other`. Where all are known before, each begins with 0: else the first would be no increase.
"""

from collections import Counter as Counted
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.core.failures import CLASSES
from services.core.records import OUTCOMES
from services.core.repairs import Came
from services.core.strategies import Strategy
from services.store.totals import Totals

KNOWN_EVENTS = frozenset({
    "check_run", "check_suite", "create", "delete", "installation", "installation_repositories",
    "issue_comment", "issue_dependencies", "issues", "label", "member", "merge_group", "meta", "ping",
    "pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread", "push",
    "lockstep.asked", "repository", "status", "sub_issues", "workflow_job", "workflow_run",
})  # fmt: skip

OTHER = "other"
RESOURCES = frozenset({"core", "search", "graphql"})
WAITS = (0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30)
SIZES = (1, 2, 5, 10, 20, 50)
LOOP_LAGS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
DURATIONS = (1, 10, 60, 300, 900, 3_600, 14_400, 86_400, 604_800)
DELIVERY_LAGS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600)


class Metrics:
    """All metrics of one process. Made once in bot/app.py; tests make their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._store = _Store()
        registry.register(self._store)
        count, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        spread = partial(Histogram, registry=registry)

        arrived = ["event", "outcome"]
        self.deliveries = count("lockstep_deliveries", "Deliveries at the door.", arrived)
        self.settled = count("lockstep_deliveries_settled", "Deliveries after their handlers.", arrived)
        self.handler_errors = count("lockstep_handler_errors", "Handlers that raised.", ["handler"])
        lag = "From receiving a delivery to the end of its handlers."
        self.delivery_lag = spread("lockstep_delivery_lag_seconds", lag, buckets=DELIVERY_LAGS)
        self.inbox_waiting = gauge("lockstep_inbox_waiting", "Deliveries no handler has seen.")
        self.inbox_oldest = gauge("lockstep_inbox_oldest_seconds", "Age of the oldest of them.")
        blind = "Deliveries that did not come and were found in GitHub's log, by what became of them."
        self.blind_deliveries = count("lockstep_blind_deliveries", blind, ["outcome"])
        repaired = "When GitHub's log of deliveries was last compared with the inbox; 0 for never."
        self.last_repair = gauge("lockstep_repair_timestamp_seconds", repaired)

        waits = "How long calls to GitHub waited for its limits."
        self.governor_wait = spread("lockstep_governor_wait_seconds", waits, ["class"], buckets=WAITS)
        closed = "Times that a limit of GitHub's stopped all calls."
        self.gate_closed = count("lockstep_gate_closed", closed, ["reason"])
        self.rejections = count("lockstep_rejected", "Calls that GitHub refused because of a limit.")
        shared = "Look-ups and changes that shared a call."
        self.batch_size = spread("lockstep_batch_size", shared, ["kind"], buckets=SIZES)
        left = "What is left of the hourly budget, of the installation heard of last."
        self.ratelimit_remaining = gauge("lockstep_ratelimit_remaining", left, ["resource"])

        lasts = "From the beginning to the end of attempts, of tasks that are done and of runs that are over."
        self.durations = spread("lockstep_duration_seconds", lasts, ["of"], buckets=DURATIONS)
        self.attempts = count("lockstep_attempts", "Attempts, and what they came to.", ["agent", "outcome"])
        self.failures = count("lockstep_failures", "Failures, one for each repair.", ["class"])
        self.recoveries = count("lockstep_recoveries", "Repairs of failed checks.", ["strategy", "outcome"])
        for each in CLASSES:
            self.failures.labels(each)
        for strategy in get_args(Strategy):
            for came in filter(None, get_args(Came)):
                self.recoveries.labels(strategy, came)
        self.shards = gauge("lockstep_shards", "Shards that this process conducts.")
        swept = "When every live run was last looked at; 0 for never."
        self.last_sweep = gauge("lockstep_sweep_timestamp_seconds", swept)
        late = "How late the event loop comes to what is due."
        self.loop_lag = spread("lockstep_loop_lag_seconds", late, buckets=LOOP_LAGS)

    def github(self, figures: Callable[[], "Figures"]) -> None:
        """Show what reading GitHub costs and saves; `figures` is asked whenever somebody looks."""
        self.registry.register(_GitHub(figures))

    def received(self, event: str, outcome: str) -> None:
        """Count a POST: `outcome` is stored, doubled, refused or busy; nothing a sender says becomes a label."""
        self.deliveries.labels(event_label(event), outcome).inc()

    def dispatched(self, event: str, outcome: str, lag: float) -> None:
        """Count a settled delivery; `lag` in seconds."""
        self.settled.labels(event_label(event), outcome).inc()
        self.delivery_lag.observe(lag)

    def inbox(self, waiting: int, oldest: float) -> None:
        """Set the two gauges of the inbox; `oldest` in seconds."""
        self.inbox_waiting.set(waiting)
        self.inbox_oldest.set(oldest)

    def agents(self, names: Iterable[str]) -> None:
        """These are known: each has its counts from now on, what a plan makes up has those of `other`."""
        self._store.agents = frozenset(names)
        for agent in (*self._store.agents, OTHER):
            for outcome in OUTCOMES:
                self.attempts.labels(agent, outcome)

    def tried(self, agent: str, outcome: str) -> None:
        """An attempt has begun, or come to something: one of OUTCOMES."""
        self.attempts.labels(self._store.agent_label(agent), outcome).inc()

    def failed(self, cls: str) -> None:
        """Something has failed that is to be repaired."""
        self.failures.labels(cls).inc()

    def recovered(self, strategy: str, outcome: str) -> None:
        """A repair has worked, failed, or was superseded."""
        self.recoveries.labels(strategy, outcome).inc()

    def lasted(self, what: str, seconds: float) -> None:
        """An `attempt`, a `task` or a `run` has taken so long."""
        self.durations.labels(what).observe(max(0.0, seconds))

    def repaired(self, now: datetime) -> None:
        """GitHub's log has been compared."""
        self.last_repair.set(now.timestamp())

    def swept(self, now: datetime) -> None:
        """Every live run has been looked at."""
        self.last_sweep.set(now.timestamp())

    def lagged(self, seconds: float) -> None:
        """The event loop came so late to what was due."""
        self.loop_lag.observe(seconds)

    def listened(self, count: Callable[[], float], dropped: Callable[[], float]) -> None:
        """Show how many look on, and how many were too slow."""
        self.registry.register(_Live(count, dropped))

    def stored(self, totals: Totals, budget_day: float) -> None:
        """What the store says now, from the next look on. budget_day: US dollars."""
        self._store.totals, self._store.budget_day = totals, budget_day

    def blind(self, recovered: int, lost: int) -> None:
        """So many deliveries had not come."""
        self.blind_deliveries.labels("recovered").inc(recovered)
        self.blind_deliveries.labels("lost").inc(lost)

    def waited(self, rank: str, seconds: float) -> None:
        """A call to GitHub has waited so long for its turn."""
        self.governor_wait.labels(rank).observe(seconds)

    def closed(self, reason: str) -> None:
        """A limit has stopped all calls: `budget` or `secondary`."""
        self.gate_closed.labels(reason).inc()

    def rejected(self) -> None:
        """GitHub has refused a call because of a limit."""
        self.rejections.inc()

    def batched(self, kind: str, size: int) -> None:
        """One call carried so many: `lookup` or `change`."""
        self.batch_size.labels(kind).observe(size)

    def remains(self, resource: str, count: int) -> None:
        """What is left of an hourly budget; a resource GitHub may add counts as `other`."""
        self.ratelimit_remaining.labels(resource if resource in RESOURCES else OTHER).set(count)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


Figures = Mapping[str, int]
"""The counts of `services.github`: the names of READS, TOLD and GITHUB, and `bytes`."""

READS = ("hit", "miss", "revalidated", "predicted", "changed", "coalesced")
TOLD = ("primed", "patched", "skip")
GITHUB = {
    "requests": "Calls that reached GitHub.",
    "charged": "Calls that count against a limit: all but 304.",
    "saved": "Reads that made no call at all.",
    "stale_detected": "Answers that turned out to be out of date though no webhook had said so.",
    "etag_drift": "ETags that GitHub made otherwise than expected.",
    "evictions": "Answers that had to leave memory for others.",
}


class _GitHub(Collector):
    """Counts that live elsewhere, told when asked."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        found = self._figures()
        modes = {
            "lockstep_github_reads": ("Reads of GitHub, by how they were answered.", READS),
            "lockstep_github_told": ("What webhooks told the cache, by what became of it.", TOLD),
        }
        for name, (meaning, labels) in modes.items():
            family = CounterMetricFamily(name, meaning, labels=["mode"])
            for mode in labels:
                family.add_metric([mode], found[mode])
            yield family
        for name, meaning in GITHUB.items():
            yield CounterMetricFamily(f"lockstep_github_{name}", meaning, value=found[name])
        yield GaugeMetricFamily("lockstep_github_cache_bytes", "Bytes of answers in memory.", value=found["bytes"])


class _Live(Collector):
    """Who looks on."""

    def __init__(self, count: Callable[[], float], dropped: Callable[[], float]) -> None:
        self._count, self._dropped = count, dropped

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("lockstep_listeners", "Streams of events that are open.", value=self._count())
        yield CounterMetricFamily(
            "lockstep_listeners_dropped", "Streams that were too slow and were cut off.", value=self._dropped()
        )


class _Store(Collector):
    """What is counted in the store; the numbers of all processes on it."""

    def __init__(self) -> None:
        self.totals = Totals()
        self.budget_day = 0.0
        self.agents: frozenset[str] = frozenset()

    def agent_label(self, name: str) -> str:
        return name if name in self.agents else OTHER

    def collect(self) -> Iterator[Metric]:
        found = self.totals
        for name, meaning, label, values in (
            ("lockstep_plans", "Plans by the state of their newest run.", "state", found.plans),
            ("lockstep_tasks", "Tasks of runs that are not over.", "state", found.tasks),
        ):
            gauge = GaugeMetricFamily(name, meaning, labels=[label])
            for value, count in values.items():
                gauge.add_metric([value], count)
            yield gauge
        kept = "Attempts of which a record is kept, by what became of them last."
        attempts = GaugeMetricFamily("lockstep_attempts_on_record", kept, labels=["agent", "outcome"])
        known = Counted[tuple[str, str]]()
        for (agent, outcome), count in found.attempts.items():
            known[self.agent_label(agent), outcome] += count
        for labels, count in known.items():
            attempts.add_metric([*labels], count)
        yield attempts
        tokens = CounterMetricFamily("lockstep_tokens", "Tokens of model calls.", labels=["kind"])
        for kind, count in found.tokens.items():
            tokens.add_metric([kind], count)
        yield tokens
        yield CounterMetricFamily("lockstep_cost_dollars", "What model calls have cost.", value=float(found.cost))
        left = max(0.0, self.budget_day - float(found.spent))
        yield GaugeMetricFamily("lockstep_budget_left_dollars", "What is left of the budget of a day.", value=left)
        yield GaugeMetricFamily("lockstep_effects_open", "Effects that are not settled.", value=found.effects)


def event_label(event: str) -> str:
    """The event's name, or `other` for one the App can't have subscribed to."""
    return event if event in KNOWN_EVENTS else OTHER
