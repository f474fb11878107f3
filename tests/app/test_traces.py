"""Traces: what belongs to one event is one trace, over processes and time, and nobody is in it."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.core import watch
from bot.core.watch import Span, ref_of
from bot.traces import Traces, ids
from handlers.kudos import kudos
from tests.app.process import run
from tests.conftest import HALL, Company, Desk


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    traces = Traces(SimpleSpanProcessor(kept))
    watch.listeners.append(traces)
    yield kept
    watch.listeners.remove(traces)
    traces.close()


def named(kept: InMemorySpanExporter, start: str) -> list[ReadableSpan]:
    return [span for span in kept.get_finished_spans() if span.name.startswith(start)]


async def given(desk: Desk, words: str, **more: Any) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    with Span("request", "/slack/events", "slack"):
        await desk.command(ana, "kudos", f"\ue000{ben.account}\ue001 {words}", HALL, mentions=(ben,), **more)


async def test_request_turn_commit_and_deliveries_are_joined(company: Company, exporter: InMemorySpanExporter) -> None:
    desk = company(kudos)
    await given(desk, "thanks for the secret pie", id="Ev1")
    arrived = await desk.deliver()
    (request,), (turn,), (commit,) = named(exporter, "request"), named(exporter, "turn"), named(exporter, "commit")
    sent = named(exporter, "delivery")
    assert len(sent) == len(arrived) > 0
    trace_id, span_id = ids(ref_of("Ev1"))
    assert turn.context and (turn.context.trace_id, turn.context.span_id) == (trace_id, span_id) and turn.parent is None
    for child in (commit, *sent):
        assert child.context and child.parent
        assert (child.context.trace_id, child.parent.span_id) == (trace_id, span_id), child.name
    assert request.context and [link.context.span_id for link in turn.links] == [request.context.span_id]
    assert [link.context.trace_id for link in turn.links] == [request.context.trace_id]
    assert turn.attributes == {
        "kadens.platform": "slack", "kadens.what": "command", "kadens.feature": "kudos", "kadens.outcome": "done"
    }  # fmt: skip
    assert turn.start_time <= commit.start_time <= commit.end_time == turn.end_time  # type: ignore[operator]
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    for word in ("pie", "Ana", "Ben", "U-ana", "slack:T1", "C1", "Ev1"):
        assert word not in told, word


async def test_a_repeat_is_a_span_beside_the_turn(company: Company, exporter: InMemorySpanExporter) -> None:
    desk = company(kudos)
    ana = await desk.person("Ana")
    for _ in range(2):
        await desk.command(ana, "kudos", "", HALL, id="Ev1")
    first, second = named(exporter, "turn")
    assert first.context and second.context and second.parent
    assert first.context.trace_id == second.context.trace_id and second.parent.span_id == first.context.span_id
    assert (second.attributes or {})["kadens.outcome"] == "repeat"
    assert len(named(exporter, "commit")) == 1


async def test_what_goes_wrong_is_an_error_by_its_kind_only(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="private"), Span("turn", "words", "slack", ref_of("Ev2")):
        raise ValueError("private words")
    (turn,) = named(exporter, "turn")
    assert turn.status.description == "ValueError" and not turn.status.is_ok and "private" not in turn.to_json()


def test_without_the_extra_it_is_said_in_a_sentence(tmp_path: Any) -> None:
    """As where `kadens[traces]` was not installed."""
    code = (
        "import sys; sys.modules['opentelemetry.sdk'] = None; from bot.__main__ import main; sys.exit(main(['serve']))"
    )
    env = {"TEAMS_APP_ID": "", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, text=True, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "opentelemetry" in done.stderr and "requirements-traces.txt" in done.stderr
    wrong = run(tmp_path, "serve", TEAMS_APP_ID="", OTEL_EXPORTER_OTLP_ENDPOINT="collector")
    assert wrong.returncode == 2 and wrong.stderr.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: write an address")
