"""What happens, for whoever counts, logs or traces it: a span for each request, turn, delivery and beat of the clock.

A span has words of small fixed sets only, never a person, a workspace or what somebody wrote. The boundaries open them;
who listens is put into `listeners` at start. With nobody listening a span costs about two microseconds.
"""

import hashlib
import random
import time
from contextvars import ContextVar
from types import TracebackType
from typing import Literal, Protocol

Kind = Literal["request", "turn", "transaction", "delivery", "beat"]
_current: ContextVar["Span | None"] = ContextVar("span", default=None)


class Span:
    """Something that takes time and has an outcome. Use it with `with`; what it raises makes its outcome "error".

    `ref` joins what belongs together, over processes too: a turn has its event's, a delivery that of the event which
    made its message. `what`: the route, the kind of event, the verb.
    """

    __slots__ = (
        "_token",
        "began",
        "error",
        "feature",
        "kind",
        "marked",
        "outcome",
        "parent",
        "platform",
        "ref",
        "took",
        "what",
    )

    def __init__(self, kind: Kind, what: str = "", platform: str = "", ref: str = "", outcome: str = "done") -> None:
        self.kind, self.what, self.platform, self.outcome = kind, what, platform, outcome
        self.ref = ref or random.randbytes(8).hex()
        self.feature, self.error, self.took, self.marked = "", "", 0.0, 0.0
        self.parent: Span | None = None

    def __enter__(self) -> "Span":
        self.parent = _current.get()
        self._token = _current.set(self)
        self.began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.took = time.perf_counter() - self.began
        _current.reset(self._token)
        if error is not None:
            self.failed(error)
        for each in listeners:
            each.ended(self)

    def mark(self) -> None:
        """All is decided and written; what still comes is the commit."""
        self.marked = time.perf_counter() - self.began

    def failed(self, error: BaseException, outcome: str = "error") -> None:
        """It went wrong. Only the error's kind is kept: its own words may be somebody's."""
        self.outcome, self.error = outcome, type(error).__name__


class Listener(Protocol):
    def ended(self, span: Span) -> None: ...
    def counted(self, what: str, outcome: str, number: int) -> None: ...


listeners: list[Listener] = []


def current() -> Span | None:
    """The innermost span that we are in."""
    return _current.get()


def count(what: Literal["nudges", "retired"], outcome: str, number: int) -> None:
    """So many things happened at once: nudges were planned, rows went because they are old enough."""
    if number > 0:
        for each in listeners:
            each.counted(what, outcome, number)


def ref_of(event_id: str) -> str:
    """A short name of an event: 16 hexadecimal digits that tell nobody's id."""
    return hashlib.sha256(event_id.encode()).hexdigest()[:16]
