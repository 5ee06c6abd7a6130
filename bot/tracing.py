"""Traces for a collector: OpenTelemetry, where an address is set and the extra is installed.

Names and facts of a span are few, and ids all of them; nothing else that people or models have written goes into one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from bot.settings import PREFIX, Settings
from bot.version import version as which
from services.errors import UserError
from services.tracing import Fact, Tracing, Untraced

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

LONGEST = 256
"""Characters of one fact."""


class Traces:
    """Tells OpenTelemetry. `close` sends what waits to be sent."""

    def __init__(self, exporter: "SpanExporter", role: str) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        version = which()
        resource = Resource.create({"service.name": "lockstep", "service.version": version, "lockstep.role": role})
        limits = SpanLimits(max_attribute_length=LONGEST)
        self._provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("lockstep", version)
        self._form = TraceContextTextMapPropagator()
        self._failed = StatusCode.ERROR

    @contextmanager
    def span(self, name: str, *, parent: str = "", begun: datetime | None = None, **facts: Fact) -> Iterator[object]:
        context = self._form.extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name,
            context=context,
            start_time=int(begun.timestamp() * 1e9) if begun is not None else None,
            attributes={f"lockstep.{fact}": value for fact, value in facts.items()},
            record_exception=False,  # its text may quote what others wrote
            set_status_on_exception=False,  # that is its text, too
        ) as span:
            is_fine = False
            try:
                yield span
                is_fine = True
            finally:
                if not is_fine:
                    span.set_status(self._failed)

    def here(self) -> str:
        carrier: dict[str, str] = {}
        self._form.inject(carrier)
        return carrier.get("traceparent", "")

    def close(self) -> None:
        self._provider.shutdown()


def traces_of(settings: Settings, role: str = "all") -> Tracing:
    """As the settings say. UserError where the extra is missing."""
    if not settings.traces:
        return Untraced()
    try:
        return Traces(exporter(settings.traces), role)
    except ImportError:
        fix = "install Lockstep with its extra: pip install '.[otel]'"
        raise UserError(f"{PREFIX}TRACES needs OpenTelemetry, which isn't installed; {fix}.") from None


def exporter(url: str) -> "SpanExporter":
    """What sends spans to a collector, as OTLP over HTTP."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    made: SpanExporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces")
    return made
