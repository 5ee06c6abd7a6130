"""One trace from the delivery that began a run to its merge, whoever carried out what, before or after a restart; it is
sent as OTLP over HTTP, to a collector of the tests'.
"""

import pytest

from bot import tracing
from bot.settings import Settings
from services.errors import UserError
from tests.kit.collector import collecting
from tests.kit.story import Story

sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


async def test_one_trace_from_delivery_to_merge(story: Story) -> None:
    with collecting() as collector:
        await story.begin(traces=collector.url)
        await story.issue(
            "- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Wait · agent: human · needs: one\n"
        )
        await story.until("Waits for approval")
        assert await story.ask("/lockstep approve") == "+1"
        assert await story.ask("/lockstep run") == "+1"
        await story.until("needs a person")
        await story.settled()
        await story.stop()
        before = list(collector.spans)
        await story.start()
        assert await story.ask("/lockstep skip two") == "+1"
        await story.until("**Done.**")
        await story.settled()
        await story.stop()

    (logged,) = [each for each in story.log.entries if each.get("what") == "merged"]
    assert (logged["plan"], logged["task"], logged["after"]) == ("acme/api#1", "one", "done")
    assert len(logged["delivery"]) == 36, "whose handler, or what follows from it, has moved the task"
    assert collector.paths == {"/v1/traces"}
    done = {span.name: span for span in collector.spans if span.name.startswith("effect.")}
    assert {"effect.track", "effect.attempt", "effect.open_pull", "effect.merge", "effect.finish"} <= done.keys()
    merge = done["effect.merge"]
    assert {(span.trace_id, span.parent_span_id) for span in done.values()} == {(merge.trace_id, merge.parent_span_id)}
    (began,) = [span for span in before if span.span_id == merge.parent_span_id]
    assert (began.name, began.parent_span_id) == ("delivery.issue_comment", b"")
    assert began.start_time_unix_nano < merge.start_time_unix_nano
    assert "effect.finish" not in {span.name for span in before}, "done by another process"
    facts = {fact.key: fact.value for fact in merge.attributes}
    assert (facts["lockstep.task"].string_value, facts["lockstep.tries"].int_value) == ("one", 0)


def test_what_went_wrong_is_not_told_in_words() -> None:
    """They may be anybody's."""
    memory = sdk.InMemorySpanExporter()
    traces = tracing.Traces(memory, "all")
    with pytest.raises(ValueError, match="ghs_"), traces.span("effect.merge"):
        raise ValueError("Authorization: Bearer ghs_canary")
    traces.close()
    (span,) = memory.get_finished_spans()
    assert (span.status.is_ok, span.status.description, span.events) == (False, None, ())


def test_an_address_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> object:
        raise ImportError

    monkeypatch.setattr(tracing, "exporter", missing)
    with pytest.raises(UserError, match=r"\[otel\]"):
        tracing.traces_of(Settings(traces="http://127.0.0.1:4318"))
    assert tracing.traces_of(Settings()).here() == ""
