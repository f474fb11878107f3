"""What Prometheus reads at /metrics, in a registry of our own. Labels are words of small fixed sets: nobody is in them.

What happens is counted where spans end (bot.core.watch); what there is, such as the messages that wait, is looked up
when somebody asks. Each process tells its own; what stands in the database is the same from every replica.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.core.watch import Span
from storage.waiting import Backlog

CONTENT_TYPE = CONTENT_TYPE_LATEST
ERRORS = 60  # kinds of errors told apart; those that come after are "other"
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Listens to all spans of this process from `bot.core.watch.listeners`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known = set[str]()
        place = ("platform", "route", "status")
        self._requests = self._timed("request", "Requests, by the status of their answer", place)
        turn = ("platform", "kind", "feature", "outcome")
        self._turns = self._timed("turn", "Turns: done, repeat, unheard or error", turn)
        self._commits = self._timed("commit", "From the last statement of a turn to its commit")
        sent = ("platform", "verb", "outcome")
        self._deliveries = self._timed("delivery", "Tries to send a message", sent, SLOW)
        self._beats = self._timed("beat", "Beats of the clock", ("outcome",), SLOW)
        self._nudges = self._counted("nudges", "Nudges that were planned, said or missed", ("outcome",))
        self._retired = self._counted("retired_rows", "Rows that went because they were old enough", ("table",))
        self._errors = self._counted("errors", "What went wrong, by the kind of error", ("during", "error"))
        self._waiting = self._gauge("outbox_waiting", "Messages that wait to be sent", ("platform",))
        self._oldest = self._gauge("outbox_oldest_seconds", "How long the oldest of them has waited", ("platform",))
        self._resting = self._gauge("outbox_resting", "Workspaces that asked us to wait", ("platform",))
        self._failing = self._gauge("outbox_failing", "Waiting messages whose last try failed", ("platform", "error"))
        self._given_up = self._gauge("outbox_given_up", "Messages nobody got, by why", ("reason",))
        self._unreachable = self._gauge("outbox_unreachable", "Places known as out of reach, by why", ("reason",))
        self._unsure = self._gauge("outbox_unsure", "Messages that may have arrived twice")
        self._silent = self._gauge("clock_silent_seconds", "Since the last beat of the clock")
        self._pool = self._gauge("database_connections", "Connections of the pool: used or idle", ("state",))
        self._database = self._gauge("database_answer_seconds", "How long the database took to tell what waits")
        self._up = self._gauge("database_up", "1 where the database answers")

    def _timed(self, name: str, help: str, labels: Sequence[str] = (), buckets: Sequence[float] = FAST) -> Histogram:
        return Histogram(f"kadens_{name}_seconds", help, labels, buckets=buckets, registry=self.registry)

    def _counted(self, name: str, help: str, labels: Sequence[str]) -> Counter:
        return Counter(f"kadens_{name}", help, labels, registry=self.registry)

    def _gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(f"kadens_{name}", help, labels, registry=self.registry)

    def ended(self, span: Span) -> None:
        """Of bot.core.watch.Listener."""
        match span.kind:
            case "request":
                self._requests.labels(span.platform, span.what, span.outcome).observe(span.took)
            case "turn":
                self._turns.labels(span.platform, span.what, span.feature, span.outcome).observe(span.took)
                if span.outcome == "done":
                    self._commits.observe(span.took - span.marked)
                    if span.what == "due":
                        self._nudges.labels("said").inc()
            case "delivery":
                self._deliveries.labels(span.platform, span.what, span.outcome).observe(span.took)
            case "beat":
                self._beats.labels(span.outcome).observe(span.took)
        if span.error:
            self._errors.labels(span.kind, self._bounded(span.error)).inc()

    def counted(self, what: str, outcome: str, number: int) -> None:
        """Of bot.core.watch.Listener."""
        {"nudges": self._nudges, "retired": self._retired}[what].labels(outcome).inc(number)

    def _bounded(self, error: str) -> str:
        if error not in self._known and len(self._known) >= ERRORS:
            return "other"
        self._known.add(error)
        return error

    def running(self, silent: float, pool: Any) -> None:
        """Seconds since the last beat of the clock, and the database's pool of connections."""
        self._silent.set(silent)
        for state in ("checkedout", "checkedin"):
            if told := getattr(pool, state, None):  # not every kind of pool knows
                self._pool.labels({"checkedout": "used", "checkedin": "idle"}[state]).set(told())

    def waits(self, found: Backlog, now: datetime) -> None:
        """What is in the outbox. By platform, not by workspace: of those there may be thousands."""
        for gauge in (self._waiting, self._oldest, self._resting, self._failing, self._given_up, self._unreachable):
            gauge.clear()
        since = dict[str, datetime]()
        for queue in found.queues:
            place = queue.platform
            self._waiting.labels(place).inc(queue.waiting)
            since[place] = min(queue.since, since.get(place, queue.since))
            self._oldest.labels(place).set(max((now - since[place]).total_seconds(), 0.0))
            if queue.resting_until:
                self._resting.labels(place).inc()
            for error, times in queue.failing.items():
                self._failing.labels(place, self._bounded(error)).inc(times)
        self._unsure.set(found.unsure)
        for reason, times in found.reasons.items():
            self._given_up.labels(self._bounded(reason)).inc(times)
        for reason, times in found.unreachable.items():
            self._unreachable.labels(self._bounded(reason)).inc(times)

    def answered(self, seconds: float) -> None:
        """The database told what waits, so fast."""
        self._up.set(1)
        self._database.set(seconds)

    def away(self, error: Exception) -> None:
        """It did not."""
        self._up.set(0)
        self._errors.labels("metrics", self._bounded(type(error).__name__)).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)


def names(registry: CollectorRegistry) -> Iterable[str]:
    """What can be read, for the docs."""
    return sorted(family.name for family in registry.collect())
