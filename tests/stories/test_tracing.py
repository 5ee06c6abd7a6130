"""One trace from the delivery that began a run to its merge, whoever carried out what, before or after a restart."""

import pytest

from bot import tracing
from bot.settings import Settings
from services.errors import UserError
from tests.kit.story import Story

sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


async def test_one_trace_from_delivery_to_merge(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    memories = []

    def exporter(url: str) -> object:
        assert url == "http://collector"
        memories.append(sdk.InMemorySpanExporter())
        return memories[-1]

    monkeypatch.setattr(tracing, "exporter", exporter)
    await story.begin(traces="http://collector")
    await story.issue("- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Wait · agent: human · needs: one\n")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    assert await story.ask("/lockstep run") == "+1"
    await story.until("needs a person")
    await story.settled()
    await story.stop()
    await story.start()
    assert await story.ask("/lockstep skip two") == "+1"
    await story.until("**Done.**")
    await story.settled()
    await story.stop()

    before, after = (memory.get_finished_spans() for memory in memories)
    done = {span.name: span for span in (*before, *after) if span.name.startswith("effect.")}
    assert {"effect.track", "effect.attempt", "effect.open_pull", "effect.merge", "effect.finish"} <= done.keys()
    root = done["effect.merge"].parent
    ids = {(span.context.trace_id, span.parent.span_id) for span in done.values()}
    assert ids == {(root.trace_id, root.span_id)}
    (began,) = [span for span in before if span.context.span_id == root.span_id]
    assert (began.name, began.parent) == ("delivery.issue_comment", None)
    assert began.start_time < done["effect.merge"].start_time
    assert "effect.finish" in {span.name for span in after}, "done by another process"
    facts = done["effect.merge"].attributes
    assert (facts["lockstep.task"], facts["lockstep.tries"]) == ("one", 0)


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
