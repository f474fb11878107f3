"""Traces for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says who collects them. Needs the extra `kadens[traces]`.

An event is a trace: its turn with its commit, and the deliveries of all it said, in whichever process and whenever.
Their ids follow from the event's own, so nothing has to be carried along with a message; a turn is linked to the
request, or the beat of the clock, that it came with. Attributes are the words of bot.core.watch: nobody is in them.
"""

import hashlib
import time
from collections.abc import Sequence
from contextvars import ContextVar

from bot.core.watch import Span
from bot.settings import Mistake

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
except ModuleNotFoundError as missing:
    raise Mistake(
        f"OTEL_EXPORTER_OTLP_ENDPOINT wants traces, and the package {missing.name} is not here:"
        " pip install --require-hashes --no-deps -r requirements-traces.txt"
    ) from None

FLUSH = 3000  # milliseconds that the last spans have to leave in
KINDS = {"request": SpanKind.SERVER, "delivery": SpanKind.PRODUCER}
_wanted: ContextVar[tuple[int, int] | None] = ContextVar("wanted", default=None)


class Ids(RandomIdGenerator):
    """Those that are wanted, else random ones."""

    def generate_trace_id(self) -> int:
        wanted = _wanted.get()
        return wanted[0] if wanted else super().generate_trace_id()

    def generate_span_id(self) -> int:
        wanted = _wanted.get()
        return wanted[1] if wanted else super().generate_span_id()


def ids(ref: str) -> tuple[int, int]:
    """Of the trace and the span that bear this ref (16 hexadecimal digits)."""
    return int(hashlib.sha256(ref.encode()).hexdigest()[:32], 16), int(ref, 16)


def context(ref: str) -> SpanContext:
    trace_id, span_id = ids(ref)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


class Traces:
    """Listens to all spans of this process from `bot.core.watch.listeners`."""

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource.create({"service.name": "kadens"})
        self._provider = TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("kadens")

    def ended(self, span: Span) -> None:
        """Of bot.core.watch.Listener."""
        end = time.time_ns()
        began = end - int(span.took * 1e9)
        match span.kind:
            case "request" | "beat":
                self._tell(span, began, end, ids(span.ref))
            case "turn":
                links = [Link(context(span.parent.ref))] if span.parent else []
                # A repeat is a span of its own beside the turn that was taken.
                own = None if span.outcome == "repeat" else ids(span.ref)
                self._tell(span, began, end, own, links=links, parent=None if own else span.ref)
                if span.outcome == "done":
                    marked = began + int(span.marked * 1e9)
                    self._tracer.start_span("commit", _within(span.ref), start_time=marked).end(end)
            case "delivery":
                self._tell(span, began, end, parent=span.ref)

    def counted(self, what: str, outcome: str, number: int) -> None:
        """Of bot.core.watch.Listener: numbers are no traces."""

    def _tell(
        self,
        span: Span,
        began: int,
        end: int,
        own: tuple[int, int] | None = None,
        parent: str | None = None,
        links: Sequence[Link] = (),
    ) -> None:
        named = {"platform": span.platform, "what": span.what, "feature": span.feature, "outcome": span.outcome}
        attributes = {f"kadens.{name}": value for name, value in named.items() if value}
        before = _wanted.set(own)
        try:
            told = self._tracer.start_span(
                f"{span.kind} {span.what}".strip(),
                _within(parent) if parent else Context(),
                kind=KINDS.get(span.kind, SpanKind.INTERNAL),
                attributes=attributes,
                links=links,
                start_time=began,
            )
        finally:
            _wanted.reset(before)
        if span.error:
            told.set_status(Status(StatusCode.ERROR, span.error))
        told.end(end)

    def close(self) -> None:
        """Send what is left, as far as that goes in FLUSH."""
        self._provider.force_flush(FLUSH)
        self._provider.shutdown()


def _within(ref: str) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(context(ref)), Context())


def exported(endpoint: str) -> Traces:
    """What sends to the collector at `endpoint`, in the background. Further OTEL_EXPORTER_OTLP_* hold as usual."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
    return Traces(BatchSpanProcessor(exporter))
